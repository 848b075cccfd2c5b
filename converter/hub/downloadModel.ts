import { readdir } from "node:fs/promises";
import path from "node:path";
import type { ReadableStream } from "node:stream/web";
import type { ListFileEntry } from "@huggingface/hub";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";
import { assertFreeSpace } from "../../common/files/destination.js";
import { downloadFile } from "./downloadFile.js";
import type { HubSource } from "./HubSource.js";
import { hasWeights, neededFiles } from "./neededFiles.js";

/** Where and how a model is downloaded. */
export interface DownloadOptions {
  /** URL of the Hub, without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The cache that Hugging Face's own tools share, or another folder of its form. */
  readonly cacheDirectory: string;
  readonly signal: AbortSignal;
  /** @param detail name of the file that is being downloaded */
  readonly progress: (fraction: number, detail: string) => void;
}

/** A name of a commit, as which the folder of a snapshot is called. */
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Downloads what converting a model takes, into the Hugging Face cache; files that are there stay.
 *
 * @returns the folder of the model
 * @throws {InvalidInputError} there is no such model or revision, it is not yours to read, or it has no weights in safetensors
 * @throws {MixLlmError} the Hub cannot be reached, or the disk has too little room
 */
export async function downloadModel(source: HubSource, options: DownloadOptions): Promise<string> {
  const { repository, revision } = source;
  const { endpoint, token, signal } = options;
  // Loaded only where something is downloaded.
  const hub = await import("@huggingface/hub");
  const cancelable: typeof fetch = (input, init) => fetch(input, { ...init, signal });
  const access = { hubUrl: endpoint, fetch: cancelable, ...(token === undefined ? {} : { accessToken: token }) };
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof MixLlmError ? error : explain(error, source, options);
    }
  };

  const { sha } = await explained(hub.modelInfo({ ...access, name: repository, revision, additionalFields: ["sha"] }));
  if (typeof sha !== "string" || !COMMIT.test(sha))
    throw new MixLlmError(`${endpoint} does not say which commit ${repository}@${revision} is`);
  const listed = await explained(
    collect(hub.listFiles({ ...access, repo: { type: "model", name: repository }, revision: sha, recursive: true }))
  );
  const files = neededFiles(listed);
  if (!hasWeights(files)) throw withoutWeights(source, listed);

  const directory = path.join(
    options.cacheDirectory,
    ["models", ...repository.split("/")].join("--"),
    "snapshots",
    sha
  );
  const missing = await missingBytes(files, directory);
  await assertFreeSpace(
    [{ path: directory, what: repository, bytes: missing }],
    "Free some room, or set HF_HUB_CACHE to a folder on another disk."
  );
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const file of files) {
    const url = `${endpoint}/${repository}/resolve/${sha}/${file.path}`;
    const work = downloadFile(file, directory, (offset) => openFrom(url, offset, options), {
      signal,
      isFinal: isRefusal,
      onProgress: (bytes) => options.progress((done + bytes) / total, file.path)
    });
    await explained(work);
    done += file.size;
  }
  return directory;
}

/** The Hub answered, and not with what was asked for. */
class RefusedError extends Error {
  readonly statusCode: number;

  constructor(status: number) {
    super(`the server answers with status ${status}`);
    this.statusCode = status;
  }
}

/**
 * The bytes of a file from an offset on; from the first where the server does not go on in the middle, which the Hub's client
 * library would not tell.
 */
async function openFrom(
  url: string,
  offset: number,
  { token, signal }: DownloadOptions
): Promise<{ offset: number; bytes: ReadableStream<Uint8Array> }> {
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(offset === 0 ? {} : { Range: `bytes=${offset}-` })
  };
  const response = await fetch(url, { headers, signal });
  const { status, body } = response;
  const from = status === 206 ? Number(/^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1]) : 0;
  if (!response.ok || body === null || (from !== 0 && from !== offset)) {
    await body?.cancel();
    throw new RefusedError(status);
  }
  return { offset: from, bytes: body as ReadableStream<Uint8Array> };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function missingBytes(files: readonly ListFileEntry[], directory: string): Promise<number> {
  const there = new Set(await readdir(directory).catch(() => []));
  return files.reduce((sum, { path: name, size }) => (there.has(name) ? sum : sum + size), 0);
}

/** The status that the Hub answered with, where it answered. */
function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === "number" ? statusCode : undefined;
}

/** Whether the Hub refused, so that asking again would change nothing. */
function isRefusal(error: unknown): boolean {
  return [401, 403, 404, 410, 451].includes(statusOf(error) ?? 0);
}

function explain(
  error: unknown,
  { repository, revision }: HubSource,
  { endpoint, token }: DownloadOptions
): MixLlmError {
  const status = statusOf(error);
  const page = `${endpoint}/${repository}`;
  const logIn = "set HF_TOKEN to a token that may read it (or log in with Hugging Face's own command line)";
  if (status === 404)
    return new InvalidInputError(`${endpoint} has no model ${repository} with revision ${revision}`, {
      fix: `Look at ${page} for its name and revisions.`,
      cause: error
    });
  if (status === 401)
    // What is private is not told from what does not exist.
    return new InvalidInputError(
      token === undefined
        ? `${repository} is private, is to be asked for, or does not exist`
        : `${endpoint} does not accept the token, or ${repository} does not exist`,
      { fix: `Look at ${page}; ${logIn}.`, cause: error }
    );
  if (status === 403)
    return new InvalidInputError(`${repository} is only for those who have been granted access`, {
      fix: `Ask for it on ${page}, then ${logIn}.`,
      cause: error
    });
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new MixLlmError(`${repository} cannot be had from ${endpoint}: ${reason}`, {
    fix: "Check the connection, and HF_ENDPOINT if that is set; the same command goes on where it stopped.",
    cause: error
  });
}

function withoutWeights({ repository, revision }: HubSource, files: readonly ListFileEntry[]): InvalidInputError {
  const gguf = files.find(({ path: name }) => /\b(?:bf16|f16|f32)\b.*\.gguf$/i.test(name));
  return new InvalidInputError(`${repository}@${revision} has no model*.safetensors weights`, {
    fix:
      gguf === undefined
        ? "Take the repository that holds the model's weights as transformers saves them."
        : `It has an unquantized GGUF: take hf:${repository}/${gguf.path}.`
  });
}
