import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { z } from "zod";
import path from "node:path";
import { readFailure, writeFailure } from "../../common/files/fileErrors.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";

/** The journal's file. */
export const JOURNAL = "journal.jsonl";

/** How much of a file is hashed at a time. */
const CHUNK_BYTES = 1024 * 1024;

/** Names in the directory itself. */
const Name = z.string().regex(/^\w[\w.]*$/);
const Finished = z.strictObject({ file: Name, bytes: z.number(), sha256: z.string() });
const Removed = z.strictObject({ removed: Name });

/** What a file has to be to count as finished. */
type Record = z.infer<typeof Finished>;

/**
 * The files that finished steps left in a directory, in the order they were finished, each with its SHA-256: a line of
 * JSON is appended for every file that is finished or no longer needed.
 *
 * A line is on the disk before anything relies on it, and after the file it stands for. So whatever a crash, a power
 * cut or a failing disk leaves behind, a file that the journal vouches for is the one that was written.
 */
export class Journal {
  readonly #directory: string;
  /** By file name, in the order they were finished. */
  readonly #records: Map<string, Record>;

  private constructor(directory: string, records: Map<string, Record>) {
    this.#directory = directory;
    this.#records = records;
  }

  /**
   * Opens a directory's journal and checks every file that it names. A later step may have used what an earlier one
   * left, so the first file that is not as it was written ends the journal: it and all after it are forgotten.
   *
   * @returns the journal, and the files that it forgot, beginning with the damaged one
   * @throws {InvalidInputError} a file is there but the disk does not let it be read
   * @throws {MixLlmError} the journal cannot be written
   */
  static async open(directory: string, signal: AbortSignal): Promise<{ journal: Journal; forgotten: string[] }> {
    const file = path.join(directory, JOURNAL);
    const { records, isWhole } = parse(await readFile(file, "utf8").catch((error) => emptyIfMissing(file, error)));
    const good = new Map<string, Record>();
    for (const [name, record] of records) {
      if (!(await isAsWritten(path.join(directory, name), record, signal))) break;
      good.set(name, record);
    }
    const journal = new Journal(directory, good);
    await journal.#rewrite();
    return { journal, forgotten: [...[...records.keys()].slice(good.size), ...(isWhole ? [] : [JOURNAL])] };
  }

  /** Whether a file is finished. */
  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** The finished files. */
  get names(): readonly string[] {
    return [...this.#records.keys()];
  }

  /** Records a file whose bytes are on the disk already. */
  async add(name: string, { bytes, sha256 }: Fingerprint): Promise<void> {
    const record = { file: name, bytes, sha256 };
    await this.#append(record);
    this.#records.delete(name); // a file finished again comes last
    this.#records.set(name, record);
  }

  /** Forgets a file, and then removes it: in this order a crash in between leaves a file that nobody vouches for. */
  async remove(name: string): Promise<void> {
    if (!this.#records.delete(name)) return;
    await this.#append({ removed: name });
    await rm(path.join(this.#directory, name), { force: true });
  }

  async #append(line: object): Promise<void> {
    const file = path.join(this.#directory, JOURNAL);
    try {
      const handle = await open(file, "a");
      await handle
        .appendFile(`${JSON.stringify(line)}\n`)
        .then(() => handle.sync())
        .finally(() => handle.close());
    } catch (error) {
      throw writeFailure(file, error);
    }
  }

  /** Writes the journal anew, so that no half a line stands before the next. */
  async #rewrite(): Promise<void> {
    const lines = [...this.#records.values()].map((record) => `${JSON.stringify(record)}\n`);
    await writeWholeFile(path.join(this.#directory, JOURNAL), lines.join(""));
  }
}

/** Size and SHA-256 of a file. */
export interface Fingerprint {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Reads a file through.
 *
 * @throws {InvalidInputError} it cannot be read
 * @throws the signal's reason once it aborts
 */
export async function fingerprintFile(file: string, signal: AbortSignal): Promise<Fingerprint> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
      signal.throwIfAborted();
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw readFailure(file, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}

async function isAsWritten(file: string, { bytes, sha256 }: Record, signal: AbortSignal): Promise<boolean> {
  const status = await stat(file).catch(() => undefined);
  if (status?.isFile() !== true || status.size !== bytes) return false;
  return (await fingerprintFile(file, signal)).sha256 === sha256;
}

/** @returns what the lines up to the first bad one say; the last may be cut off without being damage */
function parse(text: string): { records: Map<string, Record>; isWhole: boolean } {
  const records = new Map<string, Record>();
  const lines = text.split("\n");
  lines.pop(); // empty, or cut off by a crash while it was being written
  for (const line of lines) {
    const parsed = z.union([Finished, Removed]).safeParse(parseJson(line));
    if (!parsed.success) return { records, isWhole: false };
    if ("removed" in parsed.data) records.delete(parsed.data.removed);
    else {
      records.delete(parsed.data.file);
      records.set(parsed.data.file, parsed.data);
    }
  }
  return { records, isWhole: true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function emptyIfMissing(file: string, error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
  throw readFailure(file, error);
}
