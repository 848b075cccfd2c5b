import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { LlamaLogLevel, type Token } from "node-llama-cpp";
import { describe, expect, test } from "vitest";
import { createConvertCommand } from "../../converter/cli/createConvertCommand.js";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { getMixLlama } from "./getMixLlama.js";

/** What the original framework computed in float32: text to token ids, and prompts to the ten largest last logits. */
interface Reference {
  tokens: { text: string; ids: number[] }[];
  logits: { prompt: string; ids: number[]; top: [id: number, logit: number][] }[];
}

/** F16 weights and another order of sums move a logit by less than this. */
const LOGIT_TOLERANCE = 2e-2;

const directories = {
  demo: path.join(packageRoot, "models", "demo"),
  "tiny-llama": path.join(packageRoot, "..", "shared", "models", "tiny-llama")
};

describe.each(Object.entries(directories))("an F16 conversion of %s", (name, directory) => {
  const missing = !existsSync(directory);
  if (missing) console.warn(`SKIPPED: ${directory} is not there, so ${name} is not compared with its reference.`);

  test.skipIf(missing)("tokenizes and computes as the original framework does", { timeout: 300_000 }, async () => {
    const file = path.join(temporaryDirectory(), "f16.gguf");
    await createConvertCommand().parseAsync([directory, "-o", file, "--type", "f16", "--quiet"], { from: "user" });
    const reference = JSON.parse(await readFile(path.join(directory, "reference.json"), "utf8")) as Reference;
    expect(reference.tokens.length).toBeGreaterThan(5);
    expect(reference.logits.length).toBeGreaterThan(3);

    const llama = await getMixLlama({ gpu: false, logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath: file });
    for (const { text, ids } of reference.tokens) expect(model.tokenize(text), JSON.stringify(text)).toEqual(ids);

    const context = await model.createContext({ contextSize: 256 });
    const sequence = context.getSequence();
    for (const { prompt, ids, top } of reference.logits) {
      await sequence.clearHistory();
      const tokens = ids as Token[];
      const last = tokens.pop();
      if (last === undefined) throw new Error("the reference has an empty prompt");
      const output = await sequence.controlledEvaluate([...tokens, [last, { generateNext: { logits: true } }]]);
      const logits = output.at(-1)?.next.logits;
      expect([...(logits?.keys() ?? [])].slice(0, 1), prompt).toEqual([top[0]?.[0]]);
      for (const [id, logit] of top)
        expect(Math.abs((logits?.get(id as Token) ?? NaN) - logit), `${prompt}: token ${id}`).toBeLessThan(
          LOGIT_TOLERANCE
        );
    }
    await llama.dispose();
  });
});
