import { loadBenchAddon } from "../loadBenchAddon.js";
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { inspectMixLlmFile } from "../../plugin/index.js";
import { measureQuality } from "../quality/measureQuality.js";
import { prepareBenchAddon } from "../testing/benchTests.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import { synthesizeModel, type SynthesizeOptions } from "./synthesizeModel.js";
import { syntheticShapes } from "./syntheticShapes.js";
import { syntheticVocabulary } from "./syntheticVocabulary.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);
const SMALL = {
  hidden: 256,
  heads: 4,
  kvHeads: 2,
  headSize: 64,
  rotarySize: 64,
  feedForward: 256,
  expertFeedForward: 64
};
const small = { shape: "llama-3.2-1b", layers: 1, vocabulary: 300 };

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

describe("a synthetic model", () => {
  test("is the same file every time", async () => {
    await synthesizeModel(loadBenchAddon, { ...small, output: file("once.gguf") });
    await synthesizeModel(loadBenchAddon, { ...small, output: file("twice.gguf") });
    expect(await sha256(file("twice.gguf"))).toBe(await sha256(file("once.gguf")));
  });

  test("is a model that knows nothing: its perplexity is near the size of its vocabulary", async () => {
    await synthesizeModel(loadBenchAddon, { ...small, output: file("model.gguf") });
    await writeFile(file("text.txt"), "Any text will do, as long as there is enough of it. ".repeat(20));
    const { perplexity } = await measureQuality(loadBenchAddon, { model: file("model.gguf"), text: file("text.txt") });
    expect(perplexity).toBeGreaterThan(200);
    expect(perplexity).toBeLessThan(700);
  });

  test("of an untied shape has a head of its own", async () => {
    const options = { shape: "llama-3.1-8b", layers: 1, vocabulary: 2048 };
    await synthesizeModel(loadBenchAddon, { ...options, output: file("untied.gguf") });
    const linears = 4096 * (4096 + 1024 + 1024 + 4096 + 3 * 14_336);
    const weights = 2 * (linears + 2 * 2048 * 4096);
    const { size } = await stat(file("untied.gguf"));
    expect(size).toBeGreaterThan(weights);
    expect(size).toBeLessThan(weights * 1.01);
  });

  test.each([0, 10, 100])("can be a MixLLM file with %d %% 8-bit channels", async (percent8bit) => {
    const output = file(`mixed-${percent8bit}.gguf`);
    await synthesizeModel(loadBenchAddon, { ...small, percent8bit, output });
    const inspected = await inspectMixLlmFile(output);
    // Each linear gets whole tiles of 16 channels, so the share is met to within half a tile of the smallest, 512.
    expect(Math.abs(inspected.percent8bit - percent8bit)).toBeLessThan(1);
    expect(inspected.tensors).toHaveLength(7);
    await expect(
      measureQuality(loadBenchAddon, { model: output, text: file("text.txt"), context: 64, chunks: 1 })
    ).resolves.toMatchObject({ chunks: 1 });
  });

  test.each(["qwen3.5-4b", "qwen3-30b-a3b", "gpt-oss-20b"])("like a small %s computes", async (name) => {
    const shape = syntheticShapes[name]!;
    const model = {
      ...shape,
      ...syntheticVocabulary(300),
      name: `small ${name}`,
      dimensions: { ...shape.dimensions, ...SMALL, layers: 4 },
      headerOnly: false
    };
    const addon = await loadBenchAddon();
    await addon.writeSyntheticModel(model, file("small.gguf"), 2).result;
    const text = file("text.txt");
    await expect(
      measureQuality(loadBenchAddon, { model: file("small.gguf"), text, context: 64, chunks: 1 })
    ).resolves.toMatchObject({ chunks: 1 });
  });

  test("of any size has a header that takes no room", async () => {
    const output = file("header.gguf");
    await synthesizeModel(loadBenchAddon, { shape: "qwen3.5-27b", headerOnly: true, output });
    const { size, blocks } = await stat(output);
    expect(size / 2 ** 30).toBeGreaterThan(50);
    expect((blocks * 512) / 2 ** 20).toBeLessThan(20);
    const { tensors } = await readGgufHeader(output);
    const last = tensors.at(-1);
    expect(last?.name).toBe("blk.63.ffn_down.weight");
  });

  test("of experts can be a MixLLM file", async () => {
    const shape = syntheticShapes["qwen3-30b-a3b"]!;
    const model = {
      ...shape,
      ...syntheticVocabulary(300),
      name: "small mixture of experts",
      dimensions: { ...shape.dimensions, ...SMALL, layers: 2, experts: 8, usedExperts: 2 },
      percent8bit: 25,
      headerOnly: false
    };
    const addon = await loadBenchAddon();
    await addon.writeSyntheticModel(model, file("experts.gguf"), 2).result;
    const inspected = await inspectMixLlmFile(file("experts.gguf"));
    expect(inspected.percent8bit).toBeCloseTo(25, 5);
    expect(inspected.tensors.filter(({ experts }) => experts?.length === 8)).toHaveLength(6);
  });

  test.each([
    ["an unknown shape", { shape: "llama-9" }, /^there is no shape llama-9; known are llama-3\.2-1b, /],
    ["too small a vocabulary", { vocabulary: 258 }, /^a vocabulary of 258 tokens/],
    ["an output that exists", { output: "text.txt" }, /exists already/],
    [
      "a folder that is not there",
      { output: "none/model.gguf" },
      /^cannot write .*none.model\.gguf: no such file or folder/
    ]
  ])("%s is one clear message", async (_, options: Partial<SynthesizeOptions>, message) => {
    const output = file(options.output ?? "refused.gguf");
    await expect(synthesizeModel(loadBenchAddon, { ...small, ...options, output })).rejects.toThrow(message);
  });

  test("is not left half-written when stopped", async () => {
    const controller = new AbortController();
    const output = file("stopped.gguf");
    const writing = synthesizeModel(loadBenchAddon, {
      ...small,
      layers: 8,
      output,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough"))
    });
    await expect(writing).rejects.toThrow("enough");
    expect((await readdir(dirname(output))).filter((name) => name.startsWith("stopped"))).toEqual([]);
  });
});
