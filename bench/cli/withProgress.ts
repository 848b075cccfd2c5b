import { Progress } from "../../common/cli/Progress.js";
import type { BenchAddon } from "../BenchAddon.js";
import { type BenchDevices, loadBenchAddon } from "../loadBenchAddon.js";

/** How a running command shows itself on stderr. */
export interface ProgressView {
  /** Shows how far it is (0 to 1) and what it does right now. */
  update: (fraction: number, detail?: string) => void;
  /** Prints a line that stays. */
  print: (line: string) => void;
}

/**
 * Runs `work` with its progress shown on stderr, from the moment the addon is there: building it has a progress of its
 * own.
 *
 * @param work gets the addon's loader and what shows its progress; returns what it did, for the last line
 * @param options those of `loadBenchAddon`
 */
export async function withProgress(
  label: string,
  work: (loadAddon: () => Promise<BenchAddon>, view: ProgressView) => Promise<string>,
  options: BenchDevices = {}
): Promise<void> {
  let progress: Progress | undefined;
  const loadAddon = async (): Promise<BenchAddon> => {
    const addon = await loadBenchAddon(options);
    progress = new Progress(label);
    return addon;
  };
  const view: ProgressView = {
    update: (fraction, detail) => progress?.update(fraction, detail),
    print: (line) => progress?.print(line)
  };
  try {
    const summary = await work(loadAddon, view);
    progress?.succeed(summary);
  } catch (error) {
    progress?.fail();
    throw error;
  }
}
