import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { InvalidInputError } from "../../common/errors.js";
import { readFailure } from "../../common/files/fileErrors.js";
import { JsonObject } from "./JsonObject.js";

/** Largest JSON or text file read whole: tokenizers of current models have about 35 MB. */
const MAX_TEXT_FILE_BYTES = 512 * 1024 * 1024;

/** A local directory as `huggingface-cli download` or `save_pretrained` leaves it. */
export class ModelDirectory {
  readonly path: string;
  /** What the model is called: the directory's own name, or the id that a Hugging Face cache keeps it under. */
  readonly name: string;
  readonly #files: ReadonlySet<string>;

  private constructor(directory: string, files: ReadonlySet<string>) {
    this.path = directory;
    this.name = cachedModelId(directory) ?? path.basename(directory);
    this.#files = files;
  }

  /** @throws {InvalidInputError} the directory cannot be listed */
  static async open(directory: string): Promise<ModelDirectory> {
    const absolute = path.resolve(directory);
    const entries = await readdir(absolute).catch((error: unknown) => {
      throw readFailure(absolute, error);
    });
    return new ModelDirectory(absolute, new Set(entries));
  }

  /** Names of the files directly in the directory, sorted. */
  fileNames(): string[] {
    return [...this.#files].sort();
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  pathOf(name: string): string {
    return path.join(this.path, name);
  }

  /** @throws {InvalidInputError} the file is missing, unreadable, too large or not JSON */
  async readJson(name: string): Promise<JsonObject> {
    return new JsonObject(this.pathOf(name), await this.readJsonValue(name));
  }

  /** As `readJson`, for a file that may hold something other than an object. */
  async readJsonValue(name: string): Promise<unknown> {
    const text = await this.readText(name);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new InvalidInputError(`${this.pathOf(name)} is not valid JSON: ${(error as Error).message}`, {
        cause: error
      });
    }
  }

  /** As `readJson`, or undefined when there is no such file. */
  async readOptionalJson(name: string): Promise<JsonObject | undefined> {
    return this.has(name) ? this.readJson(name) : undefined;
  }

  /** @throws {InvalidInputError} the file is missing, unreadable, too large or not UTF-8 */
  async readText(name: string): Promise<string> {
    const bytes = await this.readBytes(name);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      throw new InvalidInputError(`${this.pathOf(name)} is not UTF-8 text`, { cause: error });
    }
  }

  /** @throws {InvalidInputError} the file is missing, unreadable or too large */
  async readBytes(name: string): Promise<Uint8Array> {
    const file = this.pathOf(name);
    try {
      const { size } = await stat(file);
      if (size > MAX_TEXT_FILE_BYTES) {
        throw new InvalidInputError(`${file} has ${size} bytes, far more than such a file can have`);
      }
      return await readFile(file);
    } catch (error) {
      if (error instanceof InvalidInputError) throw error;
      throw readFailure(file, error, { ifMissing: "Finish the download, then run the same command again." });
    }
  }
}

/** `org/name` of a directory such as `models--org--name/snapshots/COMMIT`, whose own name says nothing. */
function cachedModelId(directory: string): string | undefined {
  const [repository = "", snapshots, commit = ""] = directory.split(path.sep).slice(-3);
  if (snapshots !== "snapshots" || !/^[0-9a-f]{40}$/.test(commit)) return undefined;
  const [prefix, organization, ...name] = repository.split("--");
  if (prefix !== "models" || organization === undefined) return undefined;
  return name.length === 0 ? organization : `${organization}/${name.join("--")}`;
}
