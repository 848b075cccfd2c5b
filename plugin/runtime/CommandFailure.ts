/** A program ended with an exit code other than 0 or was ended by a signal. Internal: callers turn it into a typed error. */
export class CommandFailure extends Error {
  /** What it had printed, stdout and stderr together. */
  readonly output: string;

  constructor(command: string, code: number | NodeJS.Signals, output: string) {
    super(`${command} ended with ${typeof code === "number" ? `exit code ${code}` : code}`);
    this.output = output;
  }
}
