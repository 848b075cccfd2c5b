/**
 * Base of every error this package throws on purpose.
 *
 * `message` says what happened and to which file or tensor; `fix`, when there is one, says what to do about it.
 * Command-line tools print both and exit with code 1; anything that is not a `MixLlmError` is a bug.
 */
export class MixLlmError extends Error {
  /** What the caller can do about it, as one or more imperative sentences; may hold an exact command. */
  readonly fix: string | undefined;

  constructor(message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.fix = options.fix;
  }
}
