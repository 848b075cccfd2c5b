import { InvalidInputError } from "../plugin/errors/InvalidInputError.js";
import { describeFileError } from "./describeFileError.js";
import { fileErrorFix } from "./fileErrorFix.js";

/**
 * The error for a file or folder that could not be read, with what to do about it.
 *
 * @param file its path, led by what it is where that helps: `the text notes.txt`
 * @param error what the operating system said
 * @param options.ifMissing what to do when it is not there
 */
export function readFailure(file: string, error: unknown, options: { ifMissing?: string } = {}): InvalidInputError {
  const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
  const fix = (isMissing ? options.ifMissing : undefined) ?? fileErrorFix(error);
  return new InvalidInputError(`cannot read ${file}: ${describeFileError(error)}`, {
    ...(fix === undefined ? {} : { fix }),
    cause: error
  });
}
