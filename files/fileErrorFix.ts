const PERMISSIONS = "Check the permissions of the file and its folder.";
const OPEN_FILES = "Raise the limit (ulimit -n) or close other programs, then run the same command again.";
const FULL_DISK = "Free some space or write to another disk, then run the same command again.";

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
  EIO: "Check the disk or the connection, then run the same command again."
};

/** What to do about a file operation that failed, where its reason tells. */
export function fileErrorFix(error: unknown): string | undefined {
  return FIXES[(error as NodeJS.ErrnoException).code ?? ""];
}
