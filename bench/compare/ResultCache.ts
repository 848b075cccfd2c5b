import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFailure } from "../../common/files/fileErrors.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";

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
    try {
      return JSON.parse(await readFile(path, "utf8")) as T;
    } catch {
      // Not there yet, or damaged: doing the work again costs time only.
    }
    const result = await work();
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw writeFailure(this.#folder, error);
    });
    await writeWholeFile(path, JSON.stringify(result, undefined, 1));
    return result;
  }
}
