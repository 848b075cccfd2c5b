import { describeFileError } from "./describeFileError.js";
import { MixLlmError } from "../plugin/errors/MixLlmError.js";

/** Error codes of a disk, or a user's share of one, that has no room left. */
const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** The error for a file that could not be written, with what to do about it. */
export function writeFailure(file: string, error: unknown): MixLlmError {
  const { code } = error as NodeJS.ErrnoException;
  if (FULL.includes(code))
    return new MixLlmError(`the disk filled up while writing ${file}`, {
      fix: "Free some space or write to another disk, then run the same command again.",
      cause: error
    });
  return new MixLlmError(`cannot write ${file}: ${describeFileError(error)}`, {
    ...(code === "EACCES" || code === "EPERM" ? { fix: "Check the permissions of the file and its folder." } : {}),
    cause: error
  });
}
