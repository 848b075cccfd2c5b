import { runInWorker, type WorkRunner } from "../worker/runInWorker.js";
import { assertGgufFile } from "../files/assertGgufFile.js";
import type { Footprint } from "./Footprint.js";
import type { FootprintOptions } from "./FootprintOptions.js";
import { summarizeFootprints } from "./summarizeFootprints.js";

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
