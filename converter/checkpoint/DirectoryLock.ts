import lockfile from "proper-lockfile";
import { writeFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";

/** A killed process leaves its lock behind; it counts as abandoned after this long, and a new one waits for that. */
const STALE_MS = 5000;
const RETRIES = { retries: 8, factor: 1, minTimeout: 1000, maxTimeout: 1000 };

/** Keeps a directory to one conversion. The lock lies beside the directory, which may be renamed or removed meanwhile. */
export class DirectoryLock {
  readonly #directory: string;
  #release: () => Promise<void> = () => Promise.resolve();
  #isLost = false;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Takes the lock, waiting a little for another process to end.
   *
   * @param directory as the file system knows it, symbolic links resolved
   * @throws {InvalidInputError} another process keeps it
   * @throws {MixLlmError} the lock cannot be made
   */
  static async take(directory: string): Promise<DirectoryLock> {
    const lock = new DirectoryLock(directory);
    lock.#release = await lockfile
      .lock(directory, {
        realpath: false,
        stale: STALE_MS,
        retries: RETRIES,
        onCompromised: () => (lock.#isLost = true)
      })
      .catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw writeFailure(`${directory}.lock`, error);
        throw new InvalidInputError(`another conversion is using ${directory}`, {
          fix: "Wait for it to end, or write to another file.",
          cause: error
        });
      });
    return lock;
  }

  /** @throws {MixLlmError} another process has taken the lock because this one did not renew it */
  assertHeld(): void {
    if (!this.#isLost) return;
    throw new MixLlmError(`another conversion took ${this.#directory} over while this one was suspended`, {
      fix: "Let that one finish, or run this one again once it has ended."
    });
  }

  get isHeld(): boolean {
    return !this.#isLost;
  }

  async release(): Promise<void> {
    await this.#release().catch(() => undefined); // one that was lost needs no release
  }
}
