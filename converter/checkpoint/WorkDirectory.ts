import { createHash } from "node:crypto";
import { readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { z } from "zod";
import path from "node:path";
import { makeFolder } from "../../common/files/destination.js";
import { PartialFile, writeWholeFile } from "../../common/files/wholeFiles.js";
import { readFailure, writeFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";
import { finishJob, type NativeJob } from "../../common/nativeJob.js";
import { DirectoryLock } from "./DirectoryLock.js";
import { fingerprintFile, Journal, JOURNAL } from "./Journal.js";

const MANIFEST = "manifest.json";

/** Calibration tokens: a moment's work, and made anew as soon as an option changes. */
export const CALIBRATION_TOKENS = "tokens.i32";

/** What steps leave under names of their own, and what else a conversion may leave behind. */
const STEP_FILES =
  /^(tokens\.i32|(input|few|stream)\.\d+\.f32|gradient\.\d+\.\d+\.f32|(equalization|salience|moments|quantized)\.\d+\.safetensors)$/;
const OTHER_FILES = /^(manifest\.json|journal\.jsonl|(model|vocabulary)\.gguf|scratch\..*|.*\.partial)$/;

/** Everything that determines the work, by what a user would call it. */
export type WorkIdentity = Readonly<Record<string, string>>;

const Manifest = z.strictObject({ identity: z.record(z.string(), z.string()), sha256: z.string() });

/** How the directory talks to whoever runs the conversion. */
export interface WorkHooks {
  readonly warn: (message: string) => void;
  /** Ends long reads with its reason. */
  readonly signal: AbortSignal;
}

/**
 * The finished steps of an interrupted conversion, kept in a directory beside the output.
 *
 * A file is on the disk before it has its name, and a journal records its SHA-256; whatever differs from that when the
 * directory is opened is done again. A manifest says what it was all made from; work made from anything else is refused.
 */
export class WorkDirectory {
  readonly path: string;
  /** Whether this run made the directory, rather than an interrupted one. */
  readonly #isNew: boolean;
  readonly #journal: Journal;
  readonly #lock: DirectoryLock;
  readonly #hooks: WorkHooks;

  private constructor(directory: string, isNew: boolean, journal: Journal, lock: DirectoryLock, hooks: WorkHooks) {
    this.path = directory;
    this.#isNew = isNew;
    this.#journal = journal;
    this.#lock = lock;
    this.#hooks = hooks;
  }

  /**
   * Opens or creates the directory, which is removed when the work is done. What has been damaged since it was written is
   * removed with a warning, and so is all that was made after it, since it may have been made from it.
   *
   * @param identity everything that determines the work, by what a user would call it
   * @throws {InvalidInputError} it holds files that are no unfinished conversion, or one of something else, or another
   *   process is using it
   * @throws {MixLlmError} it cannot be written
   */
  static async open(directory: string, identity: WorkIdentity, hooks: WorkHooks): Promise<WorkDirectory> {
    await makeFolder(directory);
    const folder = await realpath(directory);
    const lock = await DirectoryLock.take(folder);
    try {
      await makeFolder(folder); // the process that had the lock may have removed it
      await PartialFile.removeAbandoned(path.dirname(folder), path.basename(folder));
      const former = await readManifest(folder);
      if (former === undefined) await removeUnclaimed(folder, hooks.warn);
      else assertSame(folder, former, identity);
      const { journal, forgotten } = await Journal.open(folder, hooks.signal);
      const unrecorded = await removeUnrecorded(folder, journal);
      const damaged = new Set([...forgotten, ...unrecorded]);
      if (damaged.size > 0) hooks.warn(describeDamage(folder, [...damaged]));
      if (former === undefined) await writeManifest(folder, identity);
      return new WorkDirectory(folder, former === undefined, journal, lock, hooks);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The path of a file in the directory. */
  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Whether a finished step left this file. */
  has(name: string): boolean {
    return this.#journal.has(name);
  }

  /** A file for a step to write at its temporary path, and `finish` to be called with. */
  start(name: string): PartialFile {
    return new PartialFile(this.file(name));
  }

  /**
   * Gives a file that a step has written its name, once it is on the disk, and records it.
   *
   * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
   */
  async finish(file: PartialFile): Promise<void> {
    this.#lock.assertHeld();
    const fingerprint = await fingerprintFile(file.temporary, this.#hooks.signal);
    await file.commit();
    await this.#journal.add(path.basename(file.path), fingerprint);
  }

  /**
   * Writes and records a file.
   *
   * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
   */
  async write(name: string, data: Uint8Array): Promise<void> {
    this.#lock.assertHeld();
    await writeWholeFile(this.file(name), data);
    await this.#journal.add(name, { bytes: data.length, sha256: createHash("sha256").update(data).digest("hex") });
  }

  /** Removes a file that no step needs any more. */
  async remove(name: string): Promise<void> {
    this.#lock.assertHeld();
    await this.#journal.remove(name);
  }

  /**
   * Runs a native job as a step.
   *
   * @param what the step, as in "the backward pass of layer 3"
   * @param start starts it
   * @throws the signal's reason when that ended the job
   * @throws {MixLlmError} it failed; finished steps are kept, so the same command resumes
   */
  async step<T>(what: string, start: () => NativeJob<T> | Promise<NativeJob<T>>): Promise<T> {
    const { signal } = this.#hooks;
    signal.throwIfAborted();
    try {
      return await finishJob(await start(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TypeError) throw error; // wrong arguments are a bug
      if ((await stat(this.path).catch(() => undefined)) === undefined) {
        throw new MixLlmError(`${this.path} was removed while the conversion was using it`, {
          fix: "Run the same command again: it starts over.",
          cause: error
        });
      }
      if (error instanceof MixLlmError) throw error; // says all of it
      throw new MixLlmError(`${what} failed: ${(error as Error).message}`, {
        fix: "Finished layers are kept: once the cause is removed, the same command goes on from here.",
        cause: error
      });
    }
  }

  /**
   * Leaves the directory for a later run; but when the user has to change something before a single step was finished, it
   * is no use to anyone and removed.
   *
   * @param error what ended the work
   */
  async leave(error: unknown): Promise<void> {
    const isUseless = this.#journal.names.every((name) => name === CALIBRATION_TOKENS);
    if (this.#isNew && error instanceof InvalidInputError && isUseless) await this.discard();
    else {
      if (this.#lock.isHeld) await removeUnrecorded(this.path, this.#journal).catch(() => undefined); // room for others
      await this.#lock.release();
    }
  }

  /**
   * Removes the directory and all work in it, at once to any other process: a kill meanwhile leaves a directory under a
   * temporary name, which the next conversion to the same place removes.
   */
  async discard(): Promise<void> {
    const { temporary } = new PartialFile(this.path);
    const removed = await rename(this.path, temporary).then(
      () => temporary,
      () => this.path // a mount point keeps its name
    );
    await rm(removed, { recursive: true, force: true }).catch((error: unknown) => {
      this.#hooks.warn(writeFailure(removed, error).message);
    });
    await this.#lock.release();
  }
}

/** @returns what the directory's work was made from; undefined when nothing says so */
async function readManifest(directory: string): Promise<WorkIdentity | undefined> {
  const file = path.join(directory, MANIFEST);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw readFailure(file, error);
  });
  try {
    const { identity, sha256 } = Manifest.parse(JSON.parse(text));
    return sha256 === hashOf(identity) ? identity : undefined;
  } catch {
    return undefined; // damaged
  }
}

async function writeManifest(directory: string, identity: WorkIdentity): Promise<void> {
  const manifest = { identity, sha256: hashOf(identity) };
  await writeWholeFile(path.join(directory, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function hashOf(identity: WorkIdentity): string {
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex");
}

/** @throws {InvalidInputError} the work was made from something else */
function assertSame(directory: string, former: WorkIdentity, identity: WorkIdentity): void {
  const differing = Object.keys({ ...former, ...identity }).filter((key) => former[key] !== identity[key]);
  if (differing.length === 0) return;
  const differences = differing.map((key) => `${key} was "${former[key] ?? ""}", now "${identity[key] ?? ""}"`);
  throw new InvalidInputError(
    `${directory} holds an unfinished conversion of something else: ${differences.join("; ")}`,
    { fix: `Run that conversion again to finish it, or delete ${directory} to start over.` }
  );
}

/**
 * Empties a directory that has no manifest.
 *
 * @throws {InvalidInputError} it holds files of someone else, which the end of a conversion would remove
 */
async function removeUnclaimed(directory: string, warn: (message: string) => void): Promise<void> {
  const names = await readdir(directory);
  const foreign = names.find((name) => !STEP_FILES.test(name) && !OTHER_FILES.test(name));
  if (foreign !== undefined) {
    throw new InvalidInputError(`${directory} holds files that are no unfinished conversion, such as ${foreign}`, {
      fix: "Give a new or empty directory: it is removed when the conversion is done."
    });
  }
  if (names.some((name) => STEP_FILES.test(name))) {
    warn(`${path.join(directory, MANIFEST)} is missing or damaged: the conversion starts over`);
  }
  for (const name of names) await rm(path.join(directory, name), { recursive: true, force: true });
}

/**
 * Removes what a killed process was still writing, and what the journal does not vouch for.
 *
 * @returns the files that had names of finished steps
 */
async function removeUnrecorded(directory: string, journal: Journal): Promise<string[]> {
  const steps: string[] = [];
  for (const name of await readdir(directory)) {
    if (name === MANIFEST || name === JOURNAL || journal.has(name)) continue;
    if (STEP_FILES.test(name)) steps.push(name);
    else if (!OTHER_FILES.test(name)) continue;
    await rm(path.join(directory, name), { recursive: true, force: true });
  }
  return steps;
}

function describeDamage(directory: string, [first = "", ...others]: readonly string[]): string {
  const rest = others.length === 0 ? "" : `, and ${others.length} more that may have been made from it`;
  return `${path.join(directory, first)} is not as it was written: it is made again${rest}`;
}
