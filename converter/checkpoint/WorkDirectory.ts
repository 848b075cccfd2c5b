import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import { writeFailure } from "../../common/files/fileErrors.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { InvalidInputError } from "../../common/errors.js";

const MANIFEST = "manifest.json";

/** Calibration tokens: a moment's work, and made anew as soon as an option changes. */
export const CALIBRATION_TOKENS = "tokens.i32";

/** What files end in while they are written. */
const PARTIAL = ".partial";

/** A killed process leaves its lock behind; it counts as abandoned after this long, and a new one waits for that. */
const LOCK_STALE_MS = 5000;
const LOCK_RETRIES = { retries: 8, factor: 1, minTimeout: 1000, maxTimeout: 1000 };

/**
 * The finished steps of an interrupted conversion, kept in a directory beside the output.
 *
 * Every file appears under its name only when it is whole, so whatever is there after a crash can be used. A manifest
 * says what it was all made from; work made from anything else is refused.
 */
export class WorkDirectory {
  readonly path: string;
  /** Whether this run made the directory, rather than an interrupted one. */
  readonly #isNew: boolean;
  readonly #release: () => Promise<void>;

  private constructor(directory: string, isNew: boolean, release: () => Promise<void>) {
    this.path = directory;
    this.#isNew = isNew;
    this.#release = release;
  }

  /**
   * Opens or creates the directory, which is removed when the work is done.
   *
   * @param identity everything that determines the work, by what a user would call it
   * @throws {InvalidInputError} it holds files that are no unfinished conversion, or one of something else, or another
   *   process is using it
   * @throws {MixLlmError} it cannot be written
   */
  static async open(directory: string, identity: Readonly<Record<string, string>>): Promise<WorkDirectory> {
    const isNew = (await stat(path.join(directory, MANIFEST)).catch(() => undefined)) === undefined;
    if (isNew) await assertEmpty(directory);
    await mkdir(directory, { recursive: true }).catch((error: unknown) => {
      throw writeFailure(directory, error);
    });
    const release = await lockfile
      .lock(directory, {
        stale: LOCK_STALE_MS,
        retries: LOCK_RETRIES,
        // A machine that slept loses its lock. Going on is safe even beside another run: both have the same manifest,
        // so they write the same bytes, and each file appears whole.
        onCompromised: () => undefined
      })
      .catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw writeFailure(directory, error);
        throw new InvalidInputError(`another conversion is using ${directory}`, {
          fix: "Wait for it to end, or write to another file.",
          cause: error
        });
      });
    const work = new WorkDirectory(directory, isNew, release);
    try {
      await work.#match(identity);
      return work;
    } catch (error) {
      await work.close();
      throw error;
    }
  }

  /** The path of a file in the directory. */
  file(name: string): string {
    return path.join(this.path, name);
  }

  async has(name: string): Promise<boolean> {
    return (await stat(this.file(name)).catch(() => undefined)) !== undefined;
  }

  /**
   * Writes a file that appears only when it is whole.
   *
   * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
   */
  async write(name: string, data: Uint8Array | string): Promise<void> {
    await writeWholeFile(this.file(name), data);
  }

  async remove(name: string): Promise<void> {
    await rm(this.file(name), { force: true });
  }

  /** Leaves the directory for a later run. */
  async close(): Promise<void> {
    await this.#release().catch(() => undefined); // a lock taken away while the process was suspended needs no release
  }

  /**
   * As `close`, after a failure; when the user has to change something before a single step was finished, the directory is
   * no use to anyone.
   */
  async leave(error: unknown): Promise<void> {
    if (this.#isNew && error instanceof InvalidInputError && !(await this.#hasSteps())) await this.discard();
    else await this.close();
  }

  /** Removes the directory and all work in it. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { recursive: true, force: true });
  }

  async #hasSteps(): Promise<boolean> {
    return (await readdir(this.path)).some(
      (name) => name !== MANIFEST && name !== CALIBRATION_TOKENS && !name.endsWith(PARTIAL)
    );
  }

  async #match(identity: Readonly<Record<string, string>>): Promise<void> {
    if (!(await this.has(MANIFEST))) {
      await this.write(MANIFEST, `${JSON.stringify(identity, undefined, 2)}\n`);
      return;
    }
    let recorded: unknown;
    try {
      recorded = JSON.parse(await readFile(this.file(MANIFEST), "utf8"));
    } catch (error) {
      throw new InvalidInputError(`${this.file(MANIFEST)} is damaged`, {
        fix: `Delete ${this.path} and start over.`,
        cause: error
      });
    }
    const former = Object.fromEntries(Object.entries(recorded ?? {}).map(([key, value]) => [key, String(value)]));
    const differing = Object.keys({ ...former, ...identity }).filter((key) => former[key] !== identity[key]);
    if (differing.length === 0) return;
    const differences = differing.map((key) => `${key} was "${former[key] ?? ""}", now "${identity[key] ?? ""}"`);
    throw new InvalidInputError(
      `${this.path} holds an unfinished conversion of something else: ${differences.join("; ")}`,
      {
        fix: `Run that conversion again to finish it, or delete ${this.path} to start over.`
      }
    );
  }
}

/** @throws {InvalidInputError} the directory holds files that the end of a conversion would remove */
async function assertEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []); // not there yet
  const foreign = names.find((name) => !(name.startsWith(MANIFEST) && name.endsWith(PARTIAL)));
  if (foreign === undefined) return;
  throw new InvalidInputError(`${directory} holds files that are no unfinished conversion, such as ${foreign}`, {
    fix: "Give a new or empty directory: it is removed when the conversion is done."
  });
}
