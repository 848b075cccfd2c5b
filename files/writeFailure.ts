import { MixLlmError } from "../plugin/errors/MixLlmError.js";
import { describeFileError } from "./describeFileError.js";
import { fileErrorFix } from "./fileErrorFix.js";

/** Error codes of a disk, or a user's share of one, that has no room left. */
const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** The error for a file that could not be written, with what to do about it. */
export function writeFailure(file: string, error: unknown): MixLlmError {
  const fix = fileErrorFix(error);
  const message = FULL.includes((error as NodeJS.ErrnoException).code)
    ? `the disk filled up while writing ${file}`
    : `cannot write ${file}: ${describeFileError(error)}`;
  return new MixLlmError(message, { ...(fix === undefined ? {} : { fix }), cause: error });
}
