import { stat } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import { InvalidInputError } from "../../common/errors.js";
import type { BenchAddon, SpeedModelHandle } from "../BenchAddon.js";
import { assertGgufFile } from "../inputs.js";
import { finishJob } from "../../common/nativeJob.js";
import { untilThreadsSleep } from "../loadBenchAddon.js";
import { planSpeedTests, type SpeedTestLengths } from "./planSpeedTests.js";
import { type SpeedReport, summarizeRates } from "./SpeedReport.js";

export interface SpeedOptions extends SpeedTestLengths {
  /** Paths of GGUF models; all stay loaded while they are measured. */
  models: readonly string[];
  /** All that the machine offers unless given. */
  threads?: number;
  /** Layers on the GPU; none unless given. */
  gpuLayers?: number;
  /** How often each test runs; 5 unless given. */
  repeat?: number;
  /** `step` says what runs now. */
  onProgress?: (done: number, total: number, step: string) => void;
  /** Called when the models are larger than the memory that is free, so that the disk may be measured instead. */
  onTooLargeForMemory?: (modelBytes: number, freeBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Measures prompt processing and generation as llama.cpp's benchmark does: random tokens after BOS, a context of just the
 * length needed, a warm-up run, generation one token at a time; at a depth, behind so many other tokens.
 *
 * Within a test the models take turns, every model once a round and each round beginning with another model, so that
 * whatever changes on the machine meanwhile (clock, heat, other work) hits all alike.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} a model that cannot be loaded, or nothing to measure
 * @throws the reason of `signal` when it aborts
 */
export async function measureSpeed(loadAddon: () => Promise<BenchAddon>, options: SpeedOptions): Promise<SpeedReport> {
  const { repeat = 5, threads = availableParallelism(), gpuLayers = 0, signal } = options;
  const tests = planSpeedTests(options);
  if (tests.length === 0) {
    throw new InvalidInputError("there is nothing to measure: prompt and generation are both 0");
  }
  for (const model of options.models) await assertGgufFile(model);
  const sizes = await Promise.all(options.models.map(async (model) => (await stat(model)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > freemem()) options.onTooLargeForMemory?.(total, freemem());

  const addon = await loadAddon();
  const steps = options.models.length * (1 + tests.length * (1 + repeat));
  let done = 0;
  const begin = (step: string): void => options.onProgress?.(done++, steps, step);

  const loaded: { handle: SpeedModelHandle; type: string; model: string; fileBytes: number; rates: number[][] }[] = [];
  try {
    for (const [i, model] of options.models.entries()) {
      begin(`loading ${model}`);
      const opened = await finishJob(addon.openSpeedModel({ model, threads, gpuLayers }), signal);
      loaded.push({ ...opened, model, fileBytes: sizes[i]!, rates: tests.map(() => []) });
    }
    for (const [t, { name, ...test }] of tests.entries()) {
      for (const { handle, model } of loaded) {
        begin(`warming up ${name}, ${model}`);
        await finishJob(addon.prepareSpeedTest(handle, test), signal);
      }
      for (let round = 0; round < repeat; round++) {
        for (let turn = 0; turn < loaded.length; turn++) {
          const { handle, model, rates } = loaded[(round + turn) % loaded.length]!;
          begin(`${name}, round ${round + 1} of ${repeat}, ${model}`);
          await untilThreadsSleep();
          rates[t]!.push(test.tokens / (await finishJob(addon.timeSpeedTest(handle, round), signal)));
        }
      }
    }
  } finally {
    for (const { handle } of loaded) addon.closeSpeedModel(handle);
  }
  return {
    models: loaded.map(({ model, type, fileBytes, rates }) => ({
      model,
      type,
      fileBytes,
      figures: tests.map(({ name }, t) => ({
        model,
        type,
        test: name,
        threads,
        gpuLayers,
        tokensPerSecond: summarizeRates(rates[t]!)
      }))
    }))
  };
}
