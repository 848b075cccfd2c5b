import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PartialFile } from "../../common/files/wholeFiles.js";
import { writeFailure } from "../../common/files/fileErrors.js";
import type { ArmRequest, ArmResults } from "../arm/ArmRequest.js";
import { ContentHashes } from "./ContentHashes.js";
import { contentKey } from "./contentKey.js";
import { ResultCache } from "./ResultCache.js";
import { runArm, type ArmRunner } from "../arm/runArm.js";

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
  readonly #runArm: ArmRunner;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    folder: string,
    hashes: ContentHashes,
    options: { build: string; runArm?: ArmRunner; signal?: AbortSignal }
  ) {
    this.hashes = hashes;
    this.#folder = folder;
    this.#results = new ResultCache(join(folder, "results"));
    this.#build = options.build;
    this.#runArm = options.runArm ?? runArm;
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
    options: { build: string; runArm?: ArmRunner; signal?: AbortSignal }
  ): Promise<Workshop> {
    const models = join(folder, "models");
    await mkdir(models, { recursive: true }).catch((error: unknown) => {
      throw writeFailure(models, error);
    });
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
    request: (path: string) => ArmRequest,
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
  async measure<R extends ArmRequest>(
    inputs: unknown,
    request: R,
    onFraction?: (fraction: number) => void
  ): Promise<ArmResults[R["kind"]]> {
    return this.#results.get(contentKey([this.#build, request.kind, inputs]), () => this.#run(request, onFraction));
  }

  async #run<R extends ArmRequest>(
    request: R,
    onFraction: ((fraction: number) => void) | undefined
  ): Promise<ArmResults[R["kind"]]> {
    return this.#runArm(request, {
      ...(onFraction === undefined ? {} : { onFraction }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal })
    });
  }
}
