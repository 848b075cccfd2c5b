import { InvalidInputError, MixLlmError } from "../errors.js";

/** Whether an error is one that the operating system gave (`ENOENT`, `EIO`). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "part of its path is not a directory",
  EEXIST: "a file stands where a folder is needed",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "too many open files",
  ENFILE: "too many open files on this machine",
  ENOSPC: "no space left on the disk",
  EDQUOT: "your share of the disk is used up",
  EROFS: "the file system is read-only",
  EIO: "the disk or the network drive failed (I/O error)"
};

/** Says in words why a file operation failed. */
export function describeFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? message;
}

const PERMISSIONS = "Check the permissions of the file and its folder.";
const OPEN_FILES = "Raise the limit (ulimit -n) or close other programs, then try again.";
const FULL_DISK = "Free some space or write to another disk, then try again.";

const FIXES: Readonly<Record<string, string>> = {
  ENOENT: "Check the path.",
  ENOTDIR: "Check the path.",
  ENAMETOOLONG: "Check the path.",
  ELOOP: "Check the path.",
  EISDIR: "Give the name of a file.",
  EEXIST: "Give another name, or move that file away.",
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  EMFILE: OPEN_FILES,
  ENFILE: OPEN_FILES,
  ENOSPC: FULL_DISK,
  EDQUOT: FULL_DISK,
  EROFS: "Write to another place.",
  EIO: "Check the disk or the connection, then try again."
};

/** What to do about a file operation that failed, where its reason tells. */
export function fileErrorFix(error: unknown): string | undefined {
  return FIXES[(error as NodeJS.ErrnoException).code ?? ""];
}

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

/** Error codes of a disk, or a user's share of one, that has no room left. */
const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** Whether the operating system refused for want of room. */
export function isDiskFull(error: unknown): boolean {
  return FULL.includes((error as NodeJS.ErrnoException).code);
}

/** The error for a file that could not be written, with what to do about it. */
export function writeFailure(file: string, error: unknown): MixLlmError {
  const fix = fileErrorFix(error);
  const message = isDiskFull(error)
    ? `the disk filled up while writing ${file}`
    : `cannot write ${file}: ${describeFileError(error)}`;
  return new MixLlmError(message, { ...(fix === undefined ? {} : { fix }), cause: error });
}
