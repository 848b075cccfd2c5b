import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  GgufFileType,
  GgufInsights,
  LlamaChatSession,
  LlamaCompletion,
  LlamaLogLevel,
  readGgufFileInfo,
  type Llama,
  type LlamaModel
} from "node-llama-cpp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { convertDemo } from "../testing/convertDemo.js";
import { greedyTokens, lastLogits, runStock } from "../testing/outputs.js";
import { getMixLlama } from "./getMixLlama.js";
import { inspectMixLlmFile } from "./mixLlmFiles.js";

/** Long enough for a first build of the runtime on two cores. */
const BUILD_TIMEOUT_MS = 30 * 60_000;

const PROMPT = "The configuration file";

let llama: Llama;
const log: string[] = [];
const directory = temporaryDirectory();
const file = (name: string) => path.join(directory, name);

beforeAll(async () => {
  const quick = ["--samples", "4", "--sequence-length", "64"];
  await convertDemo(file("mixllm.gguf"), ...quick);
  await convertDemo(file("p0.gguf"), "--percent-8bit", "0", ...quick);
  await convertDemo(file("p100.gguf"), "--percent-8bit", "100", ...quick);
  await convertDemo(file("f16.gguf"), "--type", "f16");
  // The only Llama of this process: all of a process share one logger.
  llama = await getMixLlama({
    gpu: false,
    maxThreads: 1,
    logLevel: LlamaLogLevel.debug,
    logger: (_, message) => void log.push(message)
  });
}, BUILD_TIMEOUT_MS);

afterAll(() => llama.dispose());

async function withModel<T>(name: string, use: (model: LlamaModel) => Promise<T>): Promise<T> {
  const model = await llama.loadModel({ modelPath: file(name) });
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

test.each(["mixllm.gguf", "p0.gguf", "p100.gguf"])("%s loads, says what it is and generates", async (name) => {
  const { bitsPerWeight } = await inspectMixLlmFile(file(name));
  log.length = 0;
  expect(await withModel(name, (model) => greedyTokens(model, PROMPT, 40))).toHaveLength(40);
  expect(log.join("\n")).toMatch(
    new RegExp(`MixLLM W\\S+A8 \\(.*% 8-bit, group 128, ${bitsPerWeight.toFixed(2)} bpw\\)`)
  );
});

test.each<[string, (bytes: Buffer, at: number) => void]>([
  ["llama.block_count", (bytes, at) => bytes.writeUInt32LE(0, at)],
  ["llama.block_count", (bytes, at) => bytes.writeUInt32LE(4_294_967_295, at)],
  ["llama.attention.layer_norm_rms_epsilon", (bytes, at) => bytes.writeFloatLE(-1, at)],
  ["llama.attention.layer_norm_rms_epsilon", (bytes, at) => bytes.writeFloatLE(NaN, at)]
])("whose %s would have llama.cpp end the process are refused", async (key, damage) => {
  const bytes = readFileSync(file("mixllm.gguf"));
  // After the key its type, then the value.
  damage(bytes, bytes.indexOf(key) + key.length + 4);
  writeFileSync(file("hostile.gguf"), bytes);
  log.length = 0;
  await expect(llama.loadModel({ modelPath: file("hostile.gguf") })).rejects.toThrow();
  expect(log.join("\n")).toContain(`MixLLM: metadata key '${key}' is `);
  await expect(inspectMixLlmFile(file("hostile.gguf"))).rejects.toThrow(`the metadata value ${key} is `);
});

test("with 8 bits everywhere give the logits of F16, but for rounding", async () => {
  const expected = await withModel("f16.gguf", (model) => lastLogits(model, PROMPT));
  const logits = await withModel("p100.gguf", (model) => lastLogits(model, PROMPT));
  for (const [token, logit] of [...expected].slice(0, 20))
    expect(Math.abs((logits.get(token) ?? NaN) - logit), `token ${token}`).toBeLessThan(0.2);
});

test("hold a chat that remembers its turns", async () => {
  await withModel("mixllm.gguf", async (model) => {
    const context = await model.createContext({ contextSize: 256 });
    const session = new LlamaChatSession({ contextSequence: context.getSequence() });
    expect((await session.prompt("What is a proposal?", { maxTokens: 12, temperature: 0 })).length).toBeGreaterThan(0);
    await session.prompt("And an enhancement?", { maxTokens: 12, temperature: 0 });
    const turns = session.getChatHistory().filter(({ type }) => type !== "system");
    expect(turns.map(({ type }) => type)).toEqual(["user", "model", "user", "model"]);
    await context.dispose();
  });
});

test("complete, embed and follow a grammar, several sequences at a time", async () => {
  await withModel("mixllm.gguf", async (model) => {
    const context = await model.createContext({ contextSize: 256, sequences: 2 });
    const first = new LlamaCompletion({ contextSequence: context.getSequence() });
    const second = new LlamaCompletion({ contextSequence: context.getSequence() });
    const complete = (completion: LlamaCompletion) =>
      completion.generateCompletion(PROMPT, { maxTokens: 16, temperature: 0 });
    const [a, b] = await Promise.all([complete(first), complete(second)]);
    expect(a.length).toBeGreaterThan(0);
    expect(b).toBe(a);

    const grammar = await llama.createGrammar({ grammar: 'root ::= "yes" | "no"' });
    expect(["yes", "no"]).toContain(await first.generateCompletion("Is it so? ", { grammar, temperature: 0 }));
    await context.dispose();

    const embeddings = await model.createEmbeddingContext({ contextSize: 64 });
    const { vector } = await embeddings.getEmbeddingFor(PROMPT);
    expect(vector).toHaveLength(model.embeddingVectorSize);
    expect(vector.every(Number.isFinite)).toBe(true);
  });
});

test("are taken for no stock type by stock tools", async () => {
  const { metadata } = await readGgufFileInfo(file("mixllm.gguf"));
  expect(metadata.general.file_type).toBeTypeOf("number");
  expect(Object.values(GgufFileType)).not.toContain(metadata.general.file_type);
  const outcome = await runStock(file("mixllm.gguf"), PROMPT, 1);
  expect(outcome).toMatchObject({ log: expect.stringMatching(/file type\s+= unknown, may not work/) as unknown });
});

test.each(["mixllm.gguf", "f16.gguf"])(
  "%s takes the memory that node-llama-cpp foretells from its header",
  async (name) => {
    const insights = await GgufInsights.from(await readGgufFileInfo(file(name)), llama);
    const { cpuRam, gpuVram } = insights.estimateModelResourceRequirements({ gpuLayers: 0 });
    expect(gpuVram).toBe(0);
    expect(cpuRam).toBe(await withModel(name, (model) => Promise.resolve(model.size)));
  }
);

test("are refused by stock node-llama-cpp at load, with the message that the README shows", async () => {
  const outcome = await runStock(file("mixllm.gguf"), PROMPT, 1);
  expect(outcome).toMatchObject({ log: expect.stringContaining("missing tensor 'blk.0.attn_") as unknown });
});
