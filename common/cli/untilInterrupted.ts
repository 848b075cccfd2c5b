/** Exit codes by the signal that ended the command, as shells count them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs work that Ctrl-C or a termination signal cancels, so that it can clean up before the process ends.
 *
 * A second signal ends the process at once.
 *
 * @param work does the work and rejects once the signal it is given aborts
 * @param onInterrupted is called at once, to say so
 * @returns what `work` resolved to, or undefined when it was interrupted; `process.exitCode` is then set
 */
export async function untilInterrupted<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onInterrupted?: () => void
): Promise<T | undefined> {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    process.exitCode = EXIT_CODES[signal as keyof typeof EXIT_CODES];
    onInterrupted?.();
    for (const other of signals) process.off(other, interrupt); // so that a second one ends the process
    controller.abort(new Error(`interrupted by ${signal}`));
  };
  const signals = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
  for (const signal of signals) process.once(signal, interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && isCausedBy(error, controller.signal.reason)) return undefined;
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/** Whether an error is the given one, or was thrown because of it. */
function isCausedBy(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && error.cause !== undefined && isCausedBy(error.cause, reason));
}
