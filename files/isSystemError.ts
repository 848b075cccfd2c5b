/** Whether an error is one that the operating system gave (`ENOENT`, `EIO`). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
