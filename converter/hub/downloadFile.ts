import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import type { ListFileEntry } from "@huggingface/hub";
import { MixLlmError } from "../../common/errors.js";
import { isSystemError, writeFailure } from "../../common/files/fileErrors.js";
import { flushFile } from "../../common/files/wholeFiles.js";

/** How often in a row a download may fail with hardly a byte gained before it is given up. */
const FUTILE_TRIES = 5;

/** What a try has to gain so that it was not futile: a server that sends drops would else be asked without end. */
const LEAST_GAIN_BYTES = 16 * 1024;

/** What is waited after the first failure; twice that after the second, and so on. */
const FIRST_WAIT_MS = 500;

/**
 * Brings a file from the Hub to a folder, going on where an earlier try, of this process or another, stopped. It takes its name
 * when it is whole: as long as the Hub says, with the hash that the Hub says.
 *
 * @param entry the file, as the Hub lists it
 * @param open gives the file's bytes from an offset on, or from another one where the server does not go on
 * @param options.onProgress is given the bytes that are there
 * @throws {MixLlmError} it cannot be had, or not be written
 * @throws what `open` throws when `options.isFinal` says that trying again is of no use
 */
export async function downloadFile(
  entry: ListFileEntry,
  directory: string,
  open: (offset: number) => Promise<{ offset: number; bytes: ReadableStream<Uint8Array> }>,
  options: {
    signal: AbortSignal;
    isFinal: (error: unknown) => boolean;
    onProgress: (bytes: number) => void;
  }
): Promise<void> {
  const target = path.join(directory, entry.path);
  if ((await sizeOf(target)) === entry.size) return options.onProgress(entry.size);
  const incomplete = `${target}.incomplete`;
  await mkdir(path.dirname(target), { recursive: true });
  let failures = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const before = (await sizeOf(incomplete)) ?? 0;
    try {
      if (before > entry.size) throw new WrongContentError("longer than the Hub says");
      if (before < entry.size) await append(incomplete, await open(before), entry.size, options);
      await assertContent(incomplete, entry);
      await flushFile(incomplete);
      await rename(incomplete, target);
      return options.onProgress(entry.size);
    } catch (error) {
      options.signal.throwIfAborted();
      if (options.isFinal(error)) throw error;
      if (isWriteFailure(error)) throw writeFailure(target, error);
      if (error instanceof WrongContentError) await rm(incomplete, { force: true });
      const gained = error instanceof WrongContentError ? 0 : ((await sizeOf(incomplete)) ?? 0) - before;
      failures = gained >= LEAST_GAIN_BYTES ? 1 : failures + 1;
      if (failures >= FUTILE_TRIES)
        throw new MixLlmError(`${entry.path} cannot be downloaded: ${reasonOf(error)}`, {
          fix: "Run the same command again later; it goes on where it stopped.",
          cause: error
        });
      await setTimeout(FIRST_WAIT_MS * 2 ** (failures - 1), undefined, { signal: options.signal });
    }
  }
}

/** What came is not the file: it has to be had from its beginning again. */
class WrongContentError extends Error {}

async function append(
  file: string,
  { offset, bytes }: { offset: number; bytes: ReadableStream<Uint8Array> },
  size: number,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (bytes: number) => void }
): Promise<void> {
  const handle = await open(file, offset === 0 ? "w" : "a");
  let length = offset;
  try {
    for await (const chunk of Readable.fromWeb(bytes, { signal }) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      // Nothing that the Hub did not announce may fill the disk.
      if (length > size) throw new WrongContentError("the server sends more than the Hub says");
      await handle.write(chunk);
      onProgress(length);
    }
  } finally {
    await handle.close();
  }
  if (length < size) throw new Error(`the connection ended after ${length} of ${size} bytes`);
}

/** Compares with the SHA-256 of a large file, or with the hash that Git gives to a small one. */
async function assertContent(file: string, { oid, lfs, size }: ListFileEntry): Promise<void> {
  const expected = lfs?.oid ?? oid;
  if (expected === undefined) return;
  const hash: Hash = createHash(lfs === undefined ? "sha1" : "sha256");
  if (lfs === undefined) hash.update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  const found = (hash.read() as Buffer).toString("hex");
  if (found !== expected) throw new WrongContentError(`its hash is ${found}, where the Hub says ${expected}`);
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}

/** A failure of the disk, not of the network, which has codes of the operating system too. */
function isWriteFailure(error: unknown): boolean {
  return (
    isSystemError(error) && ["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "EIO", "EFBIG"].includes(error.code ?? "")
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch tells only in its cause what failed.
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
