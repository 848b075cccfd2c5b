import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "./JsonObject.js";

/** Largest JSON or text file read whole: tokenizers of current models have about 35 MB. */
const MAX_TEXT_FILE_BYTES = 512 * 1024 * 1024;

/** A local directory as `huggingface-cli download` or `save_pretrained` leaves it. */
export class ModelDirectory {
  readonly path: string;
  /** The directory's own name, from which a conversion derives the model's name. */
  readonly name: string;
  readonly #files: ReadonlySet<string>;

  private constructor(directory: string, files: ReadonlySet<string>) {
    this.path = directory;
    this.name = path.basename(directory);
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
