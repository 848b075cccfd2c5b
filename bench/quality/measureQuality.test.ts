import { loadBenchAddon } from "../loadBenchAddon.js";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { quantizeStock } from "../stock/quantizeStock.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { prepareBenchAddon, convertDemo, DEMO_DIRECTORY, sharedText } from "../testing/benchTests.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { packageRoot } from "../../common/package.js";
import { madeUpText } from "../../testing/madeUpText.js";
import { measureQuality } from "./measureQuality.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  await writeFile(file("text.txt"), madeUpText(1, 6000));
  await convertDemo(file("f16.gguf"));
  await quantizeStock(loadBenchAddon, file("f16.gguf"), file("q4_0.gguf"), "Q4_0");
}, 300_000);

describe("perplexity", () => {
  test.skipIf(sharedText === undefined)(
    "of the demo model is that of its original framework (needs ../shared/text)",
    { timeout: 600_000 },
    async () => {
      const reference = JSON.parse(await readFile(join(DEMO_DIRECTORY, "reference.json"), "utf8")) as {
        float32: { perplexity: number };
      };
      const { perplexity, perplexityError, chunks } = await measureQuality(loadBenchAddon, {
        model: file("f16.gguf"),
        text: sharedText!,
        chunks: 40
      });
      expect(chunks).toBe(40);
      expect(Math.abs(perplexity / reference.float32.perplexity - 1)).toBeLessThan(2e-4);
      // What llama-perplexity prints for this file and text: 18.4546 +/- 0.44835
      expect(perplexity.toFixed(4)).toBe("18.4546");
      expect(perplexityError.toFixed(5)).toBe("0.44835");
    }
  );

  test("of the demo model on made-up text is that of its original framework", async () => {
    const reference = JSON.parse(await readFile(join(packageRoot, "testing/reference/demo.json"), "utf8")) as {
      chunks: number;
      perplexity: number;
    };
    const { perplexity, chunks } = await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("text.txt"),
      chunks: reference.chunks
    });
    expect(chunks).toBe(reference.chunks);
    expect(Math.abs(perplexity / reference.perplexity - 1)).toBeLessThan(5e-4);
  });

  test("counts whole chunks only and stops where it is told", async () => {
    const all = await measureQuality(loadBenchAddon, { model: file("f16.gguf"), text: file("text.txt"), context: 256 });
    const done: number[] = [];
    const three = await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("text.txt"),
      context: 256,
      chunks: 3,
      onProgress: (count, total) => done.push(count / total)
    });
    expect(all.chunks).toBeGreaterThan(8);
    expect(three).toMatchObject({ chunks: 3, context: 256, model: file("f16.gguf") });
    expect(three.comparison).toBeUndefined();
    expect(done.at(-1)).toBe(1);
  });

  test("takes chunks of several batches", async () => {
    const { chunks, perplexity, perplexityError } = await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("text.txt"),
      context: 3000,
      chunks: 1
    });
    expect(chunks).toBe(1);
    expect(perplexity).toBeGreaterThan(1);
    expect(perplexityError).toBeGreaterThan(0);
  });

  test("warns of a context longer than the model was trained on", async () => {
    const trained: number[] = [];
    await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("text.txt"),
      context: 2048,
      chunks: 1,
      onLongContext: (tokens) => trained.push(tokens)
    });
    expect(trained).toHaveLength(1);
    expect(trained[0]).toBeLessThan(2048);
  });
});

describe("comparison with a reference", () => {
  test("finds no difference between a model and itself", async () => {
    const { comparison } = await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      reference: file("f16.gguf"),
      text: file("text.txt"),
      chunks: 4
    });
    expect(comparison).toMatchObject({
      kld: { mean: 0, median: 0, p99: 0, max: 0 },
      top1Agreement: 1,
      deltaPRms: 0
    });
  });

  test("finds a quantized model near its original, and gives it the perplexity it has alone", async () => {
    const options = { model: file("q4_0.gguf"), text: file("text.txt"), chunks: 4 };
    const alone = await measureQuality(loadBenchAddon, options);
    const { perplexity, comparison } = await measureQuality(loadBenchAddon, {
      ...options,
      reference: file("f16.gguf")
    });
    expect(perplexity).toBe(alone.perplexity);
    const { kld, top1Agreement, deltaPRms } = comparison!;
    expect(kld.mean).toBeGreaterThan(1e-4);
    expect(kld.mean).toBeLessThan(0.1);
    expect(kld.median).toBeLessThan(kld.p99);
    expect(kld.p99).toBeLessThan(kld.max);
    expect(top1Agreement).toBeGreaterThan(0.8);
    expect(top1Agreement).toBeLessThan(1);
    expect(deltaPRms).toBeGreaterThan(0);
  });
});

describe("bad input", () => {
  const cases: [what: string, options: () => Partial<Parameters<typeof measureQuality>[1]>, message: RegExp][] = [
    ["no model", () => ({ model: file("none.gguf") }), /^cannot read .*none\.gguf: no such file/],
    ["no reference", () => ({ reference: file("none.gguf") }), /^cannot read .*none\.gguf: no such file/],
    ["no text", () => ({ text: file("none.txt") }), /^cannot read the text .*none\.txt: no such file/],
    ["a folder as model", () => ({ model: file("") }), /^cannot read .*: it is a directory/],
    ["a model that is no GGUF", () => ({ model: file("text.txt") }), /text\.txt is not a GGUF file/],
    ["a truncated model", () => ({ model: file("truncated.gguf") }), /^cannot load .*truncated\.gguf: .*corrupted/],
    ["an empty text", () => ({ text: file("empty.txt") }), /^the text .*empty\.txt is empty/],
    [
      "a text of less than one context",
      () => ({ text: file("short.txt") }),
      /too short: it has \d+ tokens .* takes 512/
    ],
    ["a context without tokens to score", () => ({ context: 4 }), /^a context of 4 tokens is too short/],
    ["another vocabulary", () => ({ reference: file("other.gguf") }), /different vocabularies: 2048 and 259 tokens/]
  ];

  beforeAll(async () => {
    await writeFile(file("truncated.gguf"), (await readFile(file("f16.gguf"))).subarray(0, 1_000_000));
    await writeFile(file("empty.txt"), "\n");
    await writeFile(file("short.txt"), "too short");
    await synthesizeModel(loadBenchAddon, {
      shape: "llama-3.2-1b",
      layers: 1,
      vocabulary: 259,
      output: file("other.gguf")
    });
  }, 300_000);

  test.each(cases)("%s is one clear message", async (_, options, message) => {
    const failure: unknown = await measureQuality(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("text.txt"),
      ...options()
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidInputError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).not.toContain("\n");
  });
});

test("a signal stops it in the middle", async () => {
  const controller = new AbortController();
  const measuring = measureQuality(loadBenchAddon, {
    model: file("f16.gguf"),
    text: file("text.txt"),
    context: 64,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough"))
  });
  await expect(measuring).rejects.toThrow("enough");
  await expect(
    measureQuality(loadBenchAddon, { model: file("f16.gguf"), text: file("text.txt"), chunks: 1 })
  ).resolves.toMatchObject({ chunks: 1 });
});
