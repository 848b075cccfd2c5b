import { loadBenchAddon } from "../loadBenchAddon.js";
import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { BenchAddon, SpeedModelHandle } from "../BenchAddon.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { prepareBenchAddon } from "../testing/prepareBenchAddon.js";
import { folderForTests } from "../testing/folderForTests.js";
import { formatSpeed } from "./formatSpeed.js";
import { measureSpeed } from "./measureSpeed.js";

prepareBenchAddon();
const file = folderForTests();

describe("the order of measurement", () => {
  /** An addon that notes what it is asked for; model a always takes 1 s, b 2 s, a test more every round. */
  function recordingAddon(calls: string[]): BenchAddon {
    const name = (handle: SpeedModelHandle): string => (handle as unknown as { model: string }).model;
    const job = <T>(result: T) => ({ result: Promise.resolve(result), cancel: () => undefined });
    const seconds = (handle: SpeedModelHandle): number => (name(handle) === "a" ? 1 : 2);
    return {
      openSpeedModel: ({ model }: { model: string }) => {
        const short = model.endsWith("a.gguf") ? "a" : "b";
        calls.push(`open ${short}`);
        return job({
          handle: { model: short } as unknown as SpeedModelHandle,
          type: `type ${short}`,
          loadSeconds: 0.5
        });
      },
      warmUpSpeedModel: (handle: SpeedModelHandle) => {
        calls.push(`warm ${name(handle)}`);
        return job(undefined);
      },
      timePrompt: (handle: SpeedModelHandle, seed: number) => {
        calls.push(`pp ${name(handle)} ${seed}`);
        return job(seconds(handle) * (seed + 1));
      },
      timeGeneration: (handle: SpeedModelHandle, seed: number) => {
        calls.push(`tg ${name(handle)} ${seed}`);
        return job(seconds(handle));
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
      prompt: 100,
      generate: 10,
      repeat: 3,
      threads: 2,
      onProgress: (done, total) => steps.push(`${done}/${total}`)
    });
    expect(calls).toEqual(
      [
        ["open a", "open b", "warm a", "warm b"],
        ["pp a 0", "pp b 0", "tg a 0", "tg b 0"],
        ["pp b 1", "pp a 1", "tg b 1", "tg a 1"],
        ["pp a 2", "pp b 2", "tg a 2", "tg b 2"],
        ["close a", "close b"]
      ].flat()
    );
    expect(steps).toEqual(Array.from({ length: 16 }, (_, i) => `${i}/16`));
    expect(report.models.map(({ type, fileBytes }) => [type, fileBytes])).toEqual([
      ["type a", 4],
      ["type b", 5]
    ]);
    const [pp, tg] = report.models[1]!.figures;
    // 100 tokens in 2, 4 and 6 seconds
    expect(pp).toMatchObject({ model: file("b.gguf"), type: "type b", test: "pp100", threads: 2 });
    expect(pp!.tokensPerSecond.median).toBe(25);
    expect(pp!.tokensPerSecond.mean).toBeCloseTo((50 + 25 + 100 / 6) / 3, 12);
    expect(pp!.tokensPerSecond.sd).toBeCloseTo(17.3472, 4);
    expect(tg).toMatchObject({ test: "tg10", tokensPerSecond: { median: 5, mean: 5, sd: 0 } });
  });

  test("leaves a test of 0 tokens out", async () => {
    const calls: string[] = [];
    const { models } = await measureSpeed(() => Promise.resolve(recordingAddon(calls)), {
      models: [file("a.gguf")],
      prompt: 0,
      repeat: 1
    });
    expect(models[0]!.figures.map(({ test: name }) => name)).toEqual(["tg64"]);
    expect(calls).toEqual(["open a", "warm a", "tg a 0", "close a"]);
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

  test("run at a speed, stock and MixLLM alike", { timeout: 300_000 }, async () => {
    const report = await measureSpeed(loadBenchAddon, {
      models: [file("f16.gguf"), file("mixed.gguf")],
      prompt: 40,
      generate: 3,
      threads: 2,
      repeat: 2
    });
    expect(report.models.map(({ type }) => type)).toEqual(["F16", "MixLLM W5.0A8"]);
    const figures = report.models.flatMap((model) => model.figures);
    expect(figures.map(({ test: name }) => name)).toEqual(["pp40", "tg3", "pp40", "tg3"]);
    for (const { tokensPerSecond } of figures) {
      expect(tokensPerSecond.median).toBeGreaterThan(0);
      expect(Number.isFinite(tokensPerSecond.sd)).toBe(true);
    }
    const lines = formatSpeed(report).split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[3]).toMatch(/mixed\.gguf +MixLLM W5\.0A8 +[\d.]+ MiB +[\d.]+ s +pp40 +2 +[\d.]+ +[\d.]+ +[\d.]+$/);
  });

  test.each([
    ["a missing model", { models: ["none.gguf"] }, /^cannot read none\.gguf: no such file/],
    ["nothing to measure", { models: ["none.gguf"], prompt: 0, generate: 0 }, /nothing to measure/]
  ])("%s is one clear message", async (_, options, message) => {
    await expect(measureSpeed(loadBenchAddon, options)).rejects.toThrow(message);
  });
});
