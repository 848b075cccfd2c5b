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
