import { InvalidInputError } from "../../common/errors.js";
import type { NativeJob } from "./NativeJob.js";

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
