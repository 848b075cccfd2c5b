import { MixLlmError } from "../../common/errors.js";

/**
 * Awaits native work and tells which step failed.
 *
 * @param what the step, as in "the backward pass of layer 3"
 * @throws {MixLlmError} the work failed; finished steps are kept, so the same command resumes
 */
export async function nativeStep<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TypeError) throw error; // wrong arguments are a bug
    if (error instanceof MixLlmError) throw error; // says all of it
    throw new MixLlmError(`${what} failed: ${(error as Error).message}`, {
      fix: "Finished layers are kept: once the cause is removed, the same command goes on from here.",
      cause: error
    });
  }
}
