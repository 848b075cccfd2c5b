import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Llama, LlamaModel, Token } from "node-llama-cpp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { getMixLlama } from "../plugin/api/getMixLlama.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { convert } from "./testing/convert.js";

const directory = temporaryDirectory();

let llama: Llama;
beforeAll(async () => {
  llama = await getMixLlama({ gpu: false, logLevel: "error" as never });
});
afterAll(() => llama.dispose());

/** Converts the demo model with another config.json to F16, and loads it. */
async function load(name: string, changes: object, without: readonly string[] = []): Promise<LlamaModel> {
  const source = path.join(directory, name);
  cpSync(path.join(packageRoot, "models", "demo"), source, { recursive: true });
  for (const file of without) rmSync(path.join(source, file));
  const config = path.join(source, "config.json");
  const values = JSON.parse(readFileSync(config, "utf8")) as object;
  writeFileSync(config, JSON.stringify({ ...values, ...changes }));
  const output = path.join(directory, `${name}.gguf`);
  await convert({ source, output, format: "f16" });
  return llama.loadModel({ modelPath: output });
}

/** Logits after 96 tokens, of every 128th token of the vocabulary. */
async function someLogits(model: LlamaModel): Promise<number[]> {
  const tokens = Array.from({ length: 96 }, (_, i) => ((7 * i * i + 13 * i + 5) % 1400) as Token);
  const context = await model.createContext({ contextSize: 256 });
  const output = await context
    .getSequence()
    .controlledEvaluate([...tokens.slice(0, -1), [tokens.at(-1) as Token, { generateNext: { logits: true } }]]);
  const logits = output.at(-1)?.next.logits;
  await context.dispose();
  return Array.from({ length: 16 }, (_, i) => logits?.get((128 * i) as Token) ?? NaN);
}

const YARN = { rope_theta: 10_000, rope_type: "yarn", factor: 4, original_max_position_embeddings: 512 };

// What transformers 5.18 computes of the same directories in float32.
test.each([
  [
    "plain",
    {},
    [0.4609, -4.2072, 2.2342, -1.5657, -4.7427, -4.57, 1.5756, -2.9609],
    [-2.4572, 3.1082, -1.5495, -2.7368, -3.9645, -4.7953, -2.9869, -6.0033]
  ],
  [
    "attention",
    { attention_factor: 1 },
    [0.441, -4.6206, 2.39, -1.6349, -5.0529, -4.325, 1.5736, -3.4812],
    [-2.4615, 3.254, -1.8663, -2.6678, -3.9487, -4.7604, -3.0276, -5.9248]
  ],
  [
    "mscale",
    { mscale: 0.7, mscale_all_dim: 1.3 },
    [0.3943, -4.9088, 2.3282, -1.6021, -5.2641, -4.0956, 1.4585, -3.6943],
    [-2.3582, 3.3036, -2.0383, -2.5638, -3.87, -4.7285, -3.0302, -6.0056]
  ]
])("YaRN with its %s magnitude gives the framework's logits", async (name, settings, first, second) => {
  const model = await load(name, { max_position_embeddings: 2048, rope_parameters: { ...YARN, ...settings } });
  const logits = await someLogits(model);
  for (const [i, expected] of [...first, ...second].entries()) {
    expect(Math.abs((logits[i] ?? NaN) - expected), `token ${128 * i}`).toBeLessThan(0.02);
  }
  await model.dispose();
});

test("every listed token ends generation, whatever its text", async () => {
  const ids = [2044, 5, 6, 7];
  const model = await load("ends", { eos_token_id: ids }, ["tokenizer_config.json"]);
  expect(model.tokens.eos).toBe(2044);
  expect(ids.map((id) => model.isEogToken(id as Token))).toEqual([true, true, true, true]);
  expect([8, 11].map((id) => model.isEogToken(id as Token))).toEqual([false, false]);
  await model.dispose();
});
