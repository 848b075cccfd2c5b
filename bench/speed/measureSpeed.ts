import { stat } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import type { BenchAddon, SpeedModel, SpeedModelHandle } from "../BenchAddon.js";
import { assertGgufFile } from "../files/assertGgufFile.js";
import { finishJob } from "../job/finishJob.js";
import type { SpeedReport } from "./SpeedReport.js";
import { summarizeRates } from "./summarizeRates.js";

export interface SpeedOptions {
  /** Paths of GGUF models; all stay loaded while they are measured. */
  models: readonly string[];
  /** Tokens of the prompt test, 0 to leave it out; 512 unless given. */
  prompt?: number;
  /** Tokens of the generation test, 0 to leave it out; 64 unless given. */
  generate?: number;
  /** All that the machine offers unless given. */
  threads?: number;
  /** How often each test runs; 5 unless given. */
  repeat?: number;
  /** `step` says what runs now. */
  onProgress?: (done: number, total: number, step: string) => void;
  /** Called when the models are larger than the memory that is free, so that the disk may be measured instead. */
  onTooLargeForMemory?: (modelBytes: number, freeBytes: number) => void;
  signal?: AbortSignal;
}

type Run = [handle: SpeedModelHandle, seed: number];

/**
 * Measures prompt processing and generation as llama.cpp's benchmark does: random tokens after BOS, an empty context of
 * just the length needed, a warm-up run, generation one token at a time.
 *
 * The models take turns, every model once a round and each round beginning with another model, so that whatever changes
 * on the machine meanwhile (clock, heat, other work) hits all alike.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} a model that cannot be loaded, or nothing to measure
 * @throws the reason of `signal` when it aborts
 */
export async function measureSpeed(loadAddon: () => Promise<BenchAddon>, options: SpeedOptions): Promise<SpeedReport> {
  const { prompt = 512, generate = 64, repeat = 5, threads = availableParallelism(), signal } = options;
  if (prompt === 0 && generate === 0) {
    throw new InvalidInputError("there is nothing to measure: prompt and generation are both 0");
  }
  for (const model of options.models) await assertGgufFile(model);
  const sizes = await Promise.all(options.models.map(async (model) => (await stat(model)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > freemem()) options.onTooLargeForMemory?.(total, freemem());

  const addon = await loadAddon();
  const tests = [
    { name: `pp${prompt}`, tokens: prompt, start: (...run: Run) => addon.timePrompt(...run) },
    { name: `tg${generate}`, tokens: generate, start: (...run: Run) => addon.timeGeneration(...run) }
  ].filter(({ tokens }) => tokens > 0);
  const steps = options.models.length * (2 + repeat * tests.length);
  let done = 0;
  const begin = (step: string): void => options.onProgress?.(done++, steps, step);

  const loaded: (SpeedModel & { model: string; fileBytes: number; rates: number[][] })[] = [];
  try {
    for (const [i, model] of options.models.entries()) {
      begin(`loading ${model}`);
      const opened = await finishJob(addon.openSpeedModel({ model, prompt, generate, threads }), signal);
      loaded.push({ ...opened, model, fileBytes: sizes[i]!, rates: tests.map(() => []) });
    }
    for (const { handle, model } of loaded) {
      begin(`warming up ${model}`);
      await finishJob(addon.warmUpSpeedModel(handle), signal);
    }
    for (let round = 0; round < repeat; round++) {
      for (const [t, { name, tokens, start }] of tests.entries()) {
        for (let turn = 0; turn < loaded.length; turn++) {
          const { handle, model, rates } = loaded[(round + turn) % loaded.length]!;
          begin(`round ${round + 1} of ${repeat}, ${name}, ${model}`);
          rates[t]!.push(tokens / (await finishJob(start(handle, round), signal)));
        }
      }
    }
  } finally {
    for (const { handle } of loaded) addon.closeSpeedModel(handle);
  }
  return {
    models: loaded.map(({ model, type, fileBytes, loadSeconds, rates }) => ({
      model,
      type,
      fileBytes,
      loadSeconds,
      figures: tests.map(({ name }, t) => ({
        model,
        type,
        test: name,
        threads,
        tokensPerSecond: summarizeRates(rates[t]!)
      }))
    }))
  };
}
