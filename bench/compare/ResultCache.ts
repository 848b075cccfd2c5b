import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Results of finished work, one JSON file each, so that an interrupted comparison goes on where it stopped. */
export class ResultCache {
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
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as T;
    const result = await work();
    await mkdir(this.#folder, { recursive: true });
    await writeFile(`${path}.tmp`, JSON.stringify(result, undefined, 1));
    await rename(`${path}.tmp`, path);
    return result;
  }
}
