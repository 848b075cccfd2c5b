import { Progress } from "../../cli/Progress.js";
import type { BenchAddon } from "../BenchAddon.js";
import { loadBenchAddon } from "../loadBenchAddon.js";

/**
 * Runs `work` with its progress shown on stderr, from the moment the addon is there: building it has a progress of its
 * own.
 *
 * @param work gets the addon's loader and a function that shows how far it is (0 to 1) and what it does right now;
 *   returns what it did, for the last line
 * @param options those of `loadBenchAddon`
 */
export async function withProgress(
  label: string,
  work: (loadAddon: () => Promise<BenchAddon>, update: (fraction: number, detail?: string) => void) => Promise<string>,
  options: { gpu?: boolean } = {}
): Promise<void> {
  let progress: Progress | undefined;
  const loadAddon = async (): Promise<BenchAddon> => {
    const addon = await loadBenchAddon(options);
    progress = new Progress(label);
    return addon;
  };
  try {
    const summary = await work(loadAddon, (fraction, detail) => progress?.update(fraction, detail));
    progress?.succeed(summary);
  } catch (error) {
    progress?.fail();
    throw error;
  }
}
