import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { writeWholeFile } from "../../common/files/wholeFiles.js";

/** Files of a model directory that a conversion may read. */
const MODEL_FILE = /\.(?:json|safetensors|model|jinja)$/;

/** How llama.cpp names the first file of a split model. */
const FIRST_PART = /^(.+)-00001-of-(\d{5})\.gguf$/;

/**
 * SHA-256 hashes of files, remembered in a file of its own as long as a file's size and time of change stay the same:
 * models are large, and a comparison asks for them again each time it resumes.
 */
export class ContentHashes {
  readonly #path: string;
  readonly #known: Map<string, string>;

  private constructor(path: string, known: Map<string, string>) {
    this.#path = path;
    this.#known = known;
  }

  /** @param path file to remember hashes in; one that cannot be read is started anew */
  static async open(path: string): Promise<ContentHashes> {
    const text = await readFile(path, "utf8").catch(() => "{}");
    let known: unknown;
    try {
      known = JSON.parse(text);
    } catch {
      // Cut off by a crash: hashing again costs time only.
    }
    return new ContentHashes(path, new Map(Object.entries((known ?? {}) as Record<string, string>)));
  }

  /** Hash of a file, of all files of a split GGUF, or of the model files in a directory, 64 hexadecimal digits. */
  async of(path: string): Promise<string> {
    if ((await stat(path)).isDirectory()) {
      return this.#ofFiles(path, (await readdir(path)).filter((name) => MODEL_FILE.test(name)).sort());
    }
    const [, stem, count] = FIRST_PART.exec(basename(path)) ?? [];
    if (stem === undefined || count === undefined) return this.#ofFile(path);
    const parts = (await readdir(dirname(path))).filter(
      (name) => name.startsWith(`${stem}-`) && name.endsWith(`-of-${count}.gguf`)
    );
    return this.#ofFiles(dirname(path), parts.sort());
  }

  async #ofFiles(directory: string, names: readonly string[]): Promise<string> {
    const whole = createHash("sha256");
    for (const name of names) whole.update(`${name} ${await this.#ofFile(join(directory, name))}\n`);
    return whole.digest("hex");
  }

  async #ofFile(path: string): Promise<string> {
    const { size, mtimeMs } = await stat(path);
    const key = `${resolve(path)} ${size} ${mtimeMs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const digest = hash.digest("hex");
    this.#known.set(key, digest);
    await writeWholeFile(this.#path, JSON.stringify(Object.fromEntries(this.#known), undefined, 1));
    return digest;
  }
}
