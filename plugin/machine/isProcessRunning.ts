/** Whether a process of this machine is running, whoever it belongs to. */
export function isProcessRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // sends nothing, only looks whether it could
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
