import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadBenchAddon } from "../loadBenchAddon.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { quantizeStock } from "../stock/quantizeStock.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { prepareBenchAddon } from "../testing/benchTests.js";
import type { WorkRequest } from "../worker/WorkRequest.js";
import type { CompareOptions } from "./CompareOptions.js";
import { compareModels } from "./compareModels.js";
import type { WorkRunner } from "../worker/runInWorker.js";
import { doWork } from "../worker/doWork.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  await writeFile(file("text.txt"), "Any text will do, as long as there is enough of it. ".repeat(30));
  await writeFile(file("calibration.txt"), "Other text to calibrate on, and again and again. ".repeat(30));
  const shape = { shape: "llama-3.2-1b", layers: 1, vocabulary: 300 };
  await synthesizeModel(loadBenchAddon, { ...shape, output: file("f16.gguf") });
  await synthesizeModel(loadBenchAddon, { ...shape, percent8bit: 10, output: file("mixed.gguf") });
  await quantizeStock(loadBenchAddon, file("f16.gguf"), file("q8_0.gguf"), "Q8_0");
}, 300_000);

/** A model's starts. */
const STARTS = ["footprint", "footprint", "footprint"];

/** Does the work in this process, and notes what it was. */
function recordingRunner(kinds: string[]): WorkRunner {
  return (async (request: WorkRequest) => {
    kinds.push(request.kind);
    return doWork(request, () => undefined);
  }) as WorkRunner;
}

function options(kinds: string[], given: Partial<CompareOptions> = {}): CompareOptions {
  return {
    source: file("f16.gguf"),
    text: file("text.txt"),
    calibration: file("calibration.txt"),
    output: file("out"),
    contenders: [
      { kind: "stock", type: "Q4_K_M" },
      { kind: "file", path: file("mixed.gguf") }
    ],
    context: 256,
    calibrationChunks: 1,
    prompt: [8],
    generate: [1],
    depth: [0, 4],
    repeat: 1,
    threads: 2,
    command: ["compare"],
    runWork: recordingRunner(kinds),
    ...given
  };
}

describe("a comparison", () => {
  test("sets contenders against the reference, and does nothing twice", { timeout: 300_000 }, async () => {
    const kinds: string[] = [];
    const fractions: number[] = [];
    const shown: string[] = [];
    const first = await compareModels(
      options(kinds, { onProgress: (fraction) => fractions.push(fraction), onModel: ({ name }) => shown.push(name) })
    );
    expect(kinds).toEqual([
      ...["quality", ...STARTS, "imatrix"],
      ...["quantize", "quality", ...STARTS],
      ...["quality", ...STARTS, "speed"]
    ]);
    expect(first.models.map(({ name }) => name)).toEqual(["f16.gguf", "Q4_K_M", "mixed.gguf"]);
    expect(shown).toEqual(["f16.gguf", "Q4_K_M", "mixed.gguf"]);
    const [reference, q4, mixed] = first.models;
    expect(first.models.map(({ family }) => family)).toEqual(["unquantized", "stock", "mixllm"]);
    expect(first.models.map(({ origin }) => origin)).toEqual([
      "as it was given",
      expect.stringMatching(/^llama\.cpp's quantizer, .*f16\.gguf to Q4_K_M, importance matrix .*imatrix/),
      "as it was given"
    ]);
    expect(q4!.tensors).toBeUndefined();
    expect(mixed!.tensors).toContainEqual({
      name: "blk.0.attn_q.weight",
      layer: 0,
      kind: "attn_q",
      outputChannels: 2048,
      inputChannels: 2048,
      channels8bit: 208
    });
    expect(reference!.quality.comparison).toBeUndefined();
    expect(reference!.bitsPerWeight).toBeGreaterThan(15.9);
    expect(q4!.quality.comparison!.kld.mean).toBeGreaterThan(0);
    expect(q4!.bitsPerWeight).toBeLessThan(7);
    expect(mixed!.speed.map((speed) => [speed.type, speed.test])).toEqual([
      ["MixLLM W4.4A8", "pp8"],
      ["MixLLM W4.4A8", "tg1"],
      ["MixLLM W4.4A8", "pp8 @ d4"],
      ["MixLLM W4.4A8", "tg1 @ d4"]
    ]);
    expect(q4!.footprint.peakMemoryBytes).toBeGreaterThan(q4!.fileBytes);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);

    kinds.length = 0;
    await copyFile(file("text.txt"), file("same text.txt"));
    const again = await compareModels(options(kinds, { text: file("same text.txt") }));
    expect(kinds).toEqual([]);
    expect(again.models).toEqual(first.models);

    const more = [...options(kinds).contenders, { kind: "stock", type: "Q8_0" } as const];
    await compareModels(options(kinds, { contenders: more }));
    expect(kinds).toEqual(["quantize", "quality", ...STARTS, "speed"]);
  });

  test("converts a GGUF to MixLLM contenders", { timeout: 300_000 }, async () => {
    const conversions: string[][] = [];
    const runWork = (async (request: WorkRequest) => {
      if (request.kind !== "convert") return doWork(request, () => undefined);
      conversions.push([...request.arguments]);
      return copyFile(file("mixed.gguf"), request.arguments[2] as string);
    }) as WorkRunner;
    const { models } = await compareModels(
      options([], { output: file("converted"), contenders: [{ kind: "mixllm", percent8bit: 10 }], runWork })
    );
    expect(models.map(({ name }) => name)).toEqual(["f16.gguf", "MixLLM p10"]);
    expect(conversions).toHaveLength(1);
    expect(conversions[0]?.slice(0, 2)).toEqual([file("f16.gguf"), "-o"]);
    expect(conversions[0]).toContain("--percent-8bit");
  });

  test.each<[string, () => Partial<CompareOptions>, RegExp]>([
    ["no model", () => ({ source: file("none") }), /^cannot read .*none: no such file/],
    [
      "a quantized model",
      () => ({ source: file("q8_0.gguf") }),
      /q8_0\.gguf is quantized already: tensor ".*" is Q8_0/
    ],
    ["a MixLLM model", () => ({ source: file("mixed.gguf") }), /mixed\.gguf is a MixLLM file already/],
    ["no text", () => ({ text: file("none") }), /^cannot read the text .*none: no such file/],
    ["no calibration text", () => ({ calibration: file("none") }), /^cannot read the text .*none: no such file/],
    [
      "a missing contender",
      () => ({ contenders: [{ kind: "file", path: file("none.gguf") }] }),
      /^cannot read .*none\.gguf: no such file/
    ]
  ])("%s is one clear message, before anything is done", async (_, given, message) => {
    const kinds: string[] = [];
    await expect(compareModels(options(kinds, given()))).rejects.toThrow(message);
    expect(kinds).toEqual([]);
  });

  test("leaves speed out when there is nothing to time", async () => {
    const kinds: string[] = [];
    const { models } = await compareModels(options(kinds, { contenders: [], prompt: [0], generate: [0] }));
    expect(kinds).not.toContain("speed");
    expect(models.map(({ speed }) => speed)).toEqual([[]]);
  });

  test("a text that is too short for one context is told before any long work", async () => {
    const kinds: string[] = [];
    const given = { context: 4096, output: file("short") };
    await expect(compareModels(options(kinds, given))).rejects.toThrow(
      /^the text is too short: .* one context takes 4096$/
    );
    expect(kinds).toEqual(["quality"]);
  });

  test("so is a calibration text that is too short", async () => {
    const kinds: string[] = [];
    await writeFile(file("short.txt"), "Hello");
    const given = { calibration: file("short.txt"), output: file("short calibration") };
    await expect(compareModels(options(kinds, given))).rejects.toThrow(
      "the calibration text short.txt is too short: it has 6 tokens, one chunk takes 512"
    );
    expect(kinds.at(-1)).toBe("imatrix");
    expect(kinds).not.toContain("quantize");
  });
});
