import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * Bytes of all last-level caches of the machine together, as Linux tells them.
 *
 * @param processors folder with an entry a processor
 * @returns undefined where the system does not tell
 */
export async function cacheBytes(processors = "/sys/devices/system/cpu"): Promise<number | undefined> {
  /** By the processors that share it; caches of the highest level only. */
  const caches = new Map<string, number>();
  let highest = 0;
  const names = await readdir(processors).catch(() => []);
  for (const processor of names.filter((name) => /^cpu\d+$/.test(name))) {
    const folder = join(processors, processor, "cache");
    for (const index of await readdir(folder).catch(() => [])) {
      const read = (name: string): Promise<string> =>
        readFile(join(folder, index, name), "utf8").then(
          (text) => text.trim(),
          () => ""
        );
      const level = Number(await read("level"));
      const [, count, unit] = /^(\d+)([KMG]?)$/.exec(await read("size")) ?? [];
      if (!(level >= highest) || count === undefined || unit === undefined) continue;
      if (level > highest) caches.clear();
      highest = level;
      caches.set(await read("shared_cpu_list"), Number(count) * UNITS[unit]!);
    }
  }
  return caches.size === 0 ? undefined : [...caches.values()].reduce((sum, bytes) => sum + bytes, 0);
}
