import { InvalidInputError } from "./errors.js";

/** Work under way off the main thread in a native addon. */
export interface NativeJob<T> {
  /** Rejects with an Error whose `code` is `CANCELED` or `BAD_INPUT` where that is the reason. */
  result: Promise<T>;
  /** Asks the job to stop soon; its `result` then rejects. */
  cancel(): void;
}

/** Is told how far a job is; calls may be left out. */
export type OnJobProgress = (done: number, total: number) => void;

/**
 * Waits for a native job, canceling it when `signal` aborts.
 *
 * @throws the signal's reason when it aborted before the job was done
 * @throws {InvalidInputError} the job found its input unusable
 */
export async function finishJob<T>(job: NativeJob<T>, signal?: AbortSignal): Promise<T> {
  const cancel = (): void => job.cancel();
  if (signal?.aborted === true) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await job.result;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "CANCELED") signal?.throwIfAborted();
    if (code === "BAD_INPUT") throw new InvalidInputError((error as Error).message);
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}
