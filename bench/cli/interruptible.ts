import { CanceledError } from "../job/CanceledError.js";

/** What shells report for a program that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * Runs `action` with a signal that fires on the first Ctrl-C, so that it can stop in order; a second one ends the
 * process at once.
 */
export async function interruptible(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.once("SIGINT", interrupt);
  try {
    await action(controller.signal);
  } catch (error) {
    if (!(error instanceof CanceledError) || !controller.signal.aborted) throw error;
    process.stderr.write("interrupted\n");
    process.exitCode = INTERRUPTED_EXIT_CODE;
  } finally {
    process.off("SIGINT", interrupt);
  }
}
