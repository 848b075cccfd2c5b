import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../common/files/destination.js";
import { writeWholeFile, PartialFile } from "../../common/files/wholeFiles.js";
import type { WorkRequest, WorkResults } from "../worker/WorkRequest.js";
import { runInWorker, type WorkRunner } from "../worker/runInWorker.js";
import { ContentHashes } from "./ContentHashes.js";

/**
 * A name for the result of some work, from all that decides it: equal inputs share a result, different ones never do.
 *
 * @param inputs anything JSON can hold; the order of keys matters
 * @returns 16 hexadecimal digits
 */
function contentKey(inputs: unknown): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/** Results of finished work, one JSON file each, so that an interrupted comparison goes on where it stopped. */
class ResultCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The remembered result, or else that of `work`, which is then remembered.
   *
   * @param key content key of all that decides the result
   */
  async get<T>(key: string, work: () => Promise<T>): Promise<T> {
    const path = join(this.#folder, `${key}.json`);
    try {
      return JSON.parse(await readFile(path, "utf8")) as T;
    } catch {
      // Not there yet, or damaged: doing the work again costs time only.
    }
    const result = await work();
    await makeFolder(this.#folder);
    await writeWholeFile(path, JSON.stringify(result, undefined, 1));
    return result;
  }
}

/**
 * The output folder of a comparison: models it made, results it measured and hashes of what went in. Whatever is in it
 * is not made or measured again unless something that decides it has changed.
 */
export class Workshop {
  readonly hashes: ContentHashes;
  readonly #folder: string;
  readonly #results: ResultCache;
  /** Whatever changes here changes every result. */
  readonly #build: string;
  readonly #runWork: WorkRunner;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    folder: string,
    hashes: ContentHashes,
    options: { build: string; runWork?: WorkRunner; signal?: AbortSignal }
  ) {
    this.hashes = hashes;
    this.#folder = folder;
    this.#results = new ResultCache(join(folder, "results"));
    this.#build = options.build;
    this.#runWork = options.runWork ?? runInWorker;
    this.#signal = options.signal;
  }

  /**
   * Opens the folder, making it when it is not there, and removes what a killed process left half-made.
   *
   * @param options.build what makes and measures: version of this package and key of its native build
   * @throws {MixLlmError} it cannot be made
   */
  static async open(
    folder: string,
    options: { build: string; runWork?: WorkRunner; signal?: AbortSignal }
  ): Promise<Workshop> {
    const models = join(folder, "models");
    await makeFolder(models);
    await PartialFile.removeAbandoned(models);
    return new Workshop(folder, await ContentHashes.open(join(folder, "hashes.json")), options);
  }

  /**
   * A file of the folder, made by `request` unless it is there.
   *
   * @param name what the file is called, without extension
   * @param inputs all that decides its content, but for the build
   * @param request the work, which must put the file under its name only when it is whole
   */
  async make(
    name: string,
    inputs: unknown,
    request: (path: string) => WorkRequest,
    onFraction?: (fraction: number) => void
  ): Promise<string> {
    const path = this.path(name, inputs, "gguf");
    const exists = await access(path).then(
      () => true,
      () => false
    );
    if (!exists) await this.#run(request(path), onFraction);
    return path;
  }

  /** Where the folder keeps a file that `inputs` and the build decide. */
  path(name: string, inputs: unknown, extension: string): string {
    return join(this.#folder, "models", `${name}-${contentKey([this.#build, inputs])}.${extension}`);
  }

  /**
   * The result of `request`, measured unless it is known.
   *
   * @param inputs all that decides the result, but for the build: contents, not paths
   */
  async measure<R extends WorkRequest>(
    inputs: unknown,
    request: R,
    onFraction?: (fraction: number) => void
  ): Promise<WorkResults[R["kind"]]> {
    return this.#results.get(contentKey([this.#build, request.kind, inputs]), () => this.#run(request, onFraction));
  }

  async #run<R extends WorkRequest>(
    request: R,
    onFraction: ((fraction: number) => void) | undefined
  ): Promise<WorkResults[R["kind"]]> {
    return this.#runWork(request, {
      ...(onFraction === undefined ? {} : { onFraction }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal })
    });
  }
}
