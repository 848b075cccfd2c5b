import { planSpeedTests, type SpeedTestLengths } from "../speed/planSpeedTests.js";
import { median } from "../statistics.js";
import { runInWorker, type WorkRunner } from "../worker/runInWorker.js";
import { assertGgufFile } from "../inputs.js";
import type { FootprintOptions, Footprint } from "./measureFootprint.js";

/** What to start a model for so that it takes the memory that speed tests of these lengths would. */
export function startLengths(lengths: SpeedTestLengths): Pick<FootprintOptions, "prompt" | "context"> {
  const tests = planSpeedTests(lengths);
  return {
    prompt: Math.max(1, ...tests.filter(({ generation }) => !generation).map(({ tokens }) => tokens)),
    context: Math.max(1, ...tests.map(({ tokens, depth }) => tokens + depth))
  };
}

/**
 * Median times and largest memory of several starts of a model.
 *
 * @param starts not empty
 */
export function summarizeFootprints(starts: readonly Footprint[]): Footprint {
  const video = starts.flatMap(({ videoMemoryBytes }) => videoMemoryBytes ?? []);
  return {
    loadSeconds: median(starts.map(({ loadSeconds }) => loadSeconds)),
    firstTokenSeconds: median(starts.map(({ firstTokenSeconds }) => firstTokenSeconds)),
    peakMemoryBytes: Math.max(...starts.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    videoMemoryBytes: video.length === 0 ? null : Math.max(...video)
  };
}

/**
 * Starts each model several times, in a process of its own each time, after one start that does not count. That one
 * leaves the file in the page cache and, on a virtual machine, memory that the host has already given: models do not take
 * turns, because each would find the memory that another of another size had left.
 *
 * @param options.starts how often each model starts, at least 1
 * @param options.runWork how a start is run; in a process of its own unless given
 * @returns one entry a model
 * @throws {InvalidInputError} a model that cannot be loaded
 * @throws the reason of `signal` when it aborts
 */
export async function measureFootprints(
  models: readonly string[],
  options: FootprintOptions & {
    starts: number;
    onProgress?: (done: number, total: number, step: string) => void;
    signal?: AbortSignal;
    runWork?: WorkRunner;
  }
): Promise<Footprint[]> {
  const { starts, onProgress, signal, runWork = runInWorker, ...start } = options;
  for (const model of models) await assertGgufFile(model);
  const footprints: Footprint[] = [];
  let done = 0;
  for (const model of models) {
    const measured: Footprint[] = [];
    for (let round = 0; round <= starts; round++) {
      onProgress?.(done++, models.length * (starts + 1), round === 0 ? `reading ${model}` : `starting ${model}`);
      const found = await runWork(
        { kind: "footprint", options: { ...start, model } },
        signal === undefined ? {} : { signal }
      );
      if (round > 0) measured.push(found);
    }
    footprints.push(summarizeFootprints(measured));
  }
  return footprints;
}
