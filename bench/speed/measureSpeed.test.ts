import { loadBenchAddon } from "../loadBenchAddon.js";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { BenchAddon, NativeSpeedTest, SpeedModelHandle } from "../BenchAddon.js";
import { measureFootprint } from "../footprint/measureFootprint.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { prepareBenchAddon, convertDemo } from "../testing/benchTests.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { formatSpeed } from "./formatSpeed.js";
import { measureSpeed } from "./measureSpeed.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

describe("the order of measurement", () => {
  /** An addon that notes what it is asked for; model a always takes 1 s, b 2 s, a prompt more every round. */
  function recordingAddon(calls: string[]): BenchAddon {
    const name = (handle: SpeedModelHandle): string => (handle as unknown as { model: string }).model;
    const job = <T>(result: T) => ({ result: Promise.resolve(result), cancel: () => undefined });
    let generates = false;
    const seconds = (handle: SpeedModelHandle): number => (name(handle) === "a" ? 1 : 2);
    return {
      openSpeedModel: ({ model }: { model: string }) => {
        const short = model.endsWith("a.gguf") ? "a" : "b";
        calls.push(`open ${short}`);
        return job({ handle: { model: short } as unknown as SpeedModelHandle, type: `type ${short}` });
      },
      prepareSpeedTest: (handle: SpeedModelHandle, { tokens, generation, depth }: NativeSpeedTest) => {
        generates = generation;
        calls.push(`prepare ${name(handle)} ${generation ? "tg" : "pp"}${tokens} @ ${depth}`);
        return job(undefined);
      },
      timeSpeedTest: (handle: SpeedModelHandle, seed: number) => {
        calls.push(`time ${name(handle)} ${seed}`);
        return job(generates ? seconds(handle) : seconds(handle) * (seed + 1));
      },
      closeSpeedModel: (handle: SpeedModelHandle) => calls.push(`close ${name(handle)}`)
    } as unknown as BenchAddon;
  }

  beforeAll(async () => {
    await writeFile(file("a.gguf"), "GGUF");
    await writeFile(file("b.gguf"), "GGUF?");
  });

  test("lets models take turns, each round beginning with another one", async () => {
    const calls: string[] = [];
    const steps: string[] = [];
    const report = await measureSpeed(() => Promise.resolve(recordingAddon(calls)), {
      models: [file("a.gguf"), file("b.gguf")],
      prompt: [100],
      generate: [10],
      depth: [0, 7],
      repeat: 3,
      threads: 2,
      onProgress: (done, total) => steps.push(`${done}/${total}`)
    });
    const turns = ["time a 0", "time b 0", "time b 1", "time a 1", "time a 2", "time b 2"];
    expect(calls).toEqual([
      ...["open a", "open b"],
      ...["prepare a pp100 @ 0", "prepare b pp100 @ 0", ...turns],
      ...["prepare a tg10 @ 0", "prepare b tg10 @ 0", ...turns],
      ...["prepare a pp100 @ 7", "prepare b pp100 @ 7", ...turns],
      ...["prepare a tg10 @ 7", "prepare b tg10 @ 7", ...turns],
      ...["close a", "close b"]
    ]);
    expect(steps).toEqual(Array.from({ length: 34 }, (_, i) => `${i}/34`));
    expect(report.models.map(({ type, fileBytes }) => [type, fileBytes])).toEqual([
      ["type a", 4],
      ["type b", 5]
    ]);
    const [pp, tg, ppDeep] = report.models[1]!.figures;
    // 100 tokens in 2, 4 and 6 seconds
    expect(pp).toMatchObject({ model: file("b.gguf"), type: "type b", test: "pp100", threads: 2, gpuLayers: 0 });
    expect(pp!.tokensPerSecond.median).toBe(25);
    expect(pp!.tokensPerSecond.mean).toBeCloseTo((50 + 25 + 100 / 6) / 3, 12);
    expect(pp!.tokensPerSecond.sd).toBeCloseTo(17.3472, 4);
    expect(ppDeep!.test).toBe("pp100 @ d7");
    expect(tg).toMatchObject({ test: "tg10", tokensPerSecond: { median: 5, mean: 5, sd: 0 } });
  });

  test("leaves a test of 0 tokens out", async () => {
    const calls: string[] = [];
    const { models } = await measureSpeed(() => Promise.resolve(recordingAddon(calls)), {
      models: [file("a.gguf")],
      prompt: [0],
      repeat: 1
    });
    expect(models[0]!.figures.map(({ test: name }) => name)).toEqual(["tg64"]);
    expect(calls).toEqual(["open a", "prepare a tg64 @ 0", "time a 0", "close a"]);
  });

  test("closes what it opened when one model cannot be loaded", async () => {
    const calls: string[] = [];
    const recording = recordingAddon(calls);
    const failing: BenchAddon = Object.create(recording) as BenchAddon;
    failing.openSpeedModel = (options) =>
      options.model.endsWith("b.gguf")
        ? { result: Promise.reject(Object.assign(new Error("no"), { code: "BAD_INPUT" })), cancel: () => undefined }
        : recording.openSpeedModel(options);
    await expect(
      measureSpeed(() => Promise.resolve(failing), { models: [file("a.gguf"), file("b.gguf")] })
    ).rejects.toThrow("no");
    expect(calls).toEqual(["open a", "close a"]);
  });
});

describe("real models", () => {
  beforeAll(async () => {
    const shape = { shape: "llama-3.2-1b", layers: 1, vocabulary: 300 };
    await synthesizeModel(loadBenchAddon, { ...shape, output: file("f16.gguf") });
    await synthesizeModel(loadBenchAddon, { ...shape, percent8bit: 25, output: file("mixed.gguf") });
  }, 300_000);

  test("run at a speed at any depth, stock and MixLLM alike", { timeout: 300_000 }, async () => {
    const report = await measureSpeed(loadBenchAddon, {
      models: [file("f16.gguf"), file("mixed.gguf")],
      prompt: [40, 8],
      generate: [3],
      depth: [0, 100],
      threads: 2,
      repeat: 2
    });
    expect(report.models.map(({ type }) => type)).toEqual(["F16", "MixLLM W5.0A8"]);
    const names = ["pp8", "pp40", "tg3", "pp8 @ d100", "pp40 @ d100", "tg3 @ d100"];
    for (const { figures } of report.models) {
      expect(figures.map(({ test: name }) => name)).toEqual(names);
      for (const { tokensPerSecond } of figures) {
        expect(tokensPerSecond.median).toBeGreaterThan(0);
        expect(Number.isFinite(tokensPerSecond.sd)).toBe(true);
      }
    }
    const lines = formatSpeed(report, []).trimEnd().split("\n");
    expect(lines).toHaveLength(13);
    expect(lines[7]).toMatch(/mixed\.gguf +MixLLM W5\.0A8 +[\d.]+ MiB +pp8 +2 +[\d.]+ +[\d.]+ +[\d.]+$/);
  });

  test("depth costs time: attention reads all that lies before", { timeout: 300_000 }, async () => {
    // Small, so that attention is most of its work.
    await convertDemo(file("demo.gguf"));
    const { models } = await measureSpeed(loadBenchAddon, {
      models: [file("demo.gguf")],
      prompt: [0],
      generate: [16],
      depth: [0, 4000],
      threads: 1,
      repeat: 3
    });
    const [shallow, deep] = models[0]!.figures.map(({ tokensPerSecond }) => tokensPerSecond.median);
    expect(deep!).toBeLessThan(0.8 * shallow!);
  });

  test("a start tells its times, memory and that no GPU took part", { timeout: 300_000 }, async () => {
    const options = { model: file("mixed.gguf"), prompt: 64, context: 128, threads: 2 };
    const footprint = await measureFootprint(await loadBenchAddon(), options);
    expect(footprint.loadSeconds).toBeGreaterThan(0);
    expect(footprint.firstTokenSeconds).toBeGreaterThan(footprint.loadSeconds);
    expect(footprint.peakMemoryBytes).toBeGreaterThan((await stat(file("mixed.gguf"))).size);
    expect(footprint.videoMemoryBytes).toBeNull();
    const report = { models: [{ model: "m.gguf", type: "F16", fileBytes: 1024, figures: [] }] };
    expect(formatSpeed(report, [footprint])).toMatch(/\n\nmodel .*\nm\.gguf +[\d.]+ s +[\d.]+ s +[\d.]+ \wiB +-\n$/);
  });

  test.each([
    ["a missing model", { models: ["none.gguf"] }, /^cannot read none\.gguf: no such file/],
    ["nothing to measure", { models: ["none.gguf"], prompt: [0], generate: [0] }, /nothing to measure/]
  ])("%s is one clear message", async (_, options, message) => {
    await expect(measureSpeed(loadBenchAddon, options)).rejects.toThrow(message);
  });
});
