import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { cacheBytes } from "./cacheBytes.js";

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

async function cache(processor: string, index: string, level: number, size: string, shared: string): Promise<void> {
  const folder = join(file("cpu"), processor, "cache", index);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "level"), `${level}\n`);
  await writeFile(join(folder, "size"), `${size}\n`);
  await writeFile(join(folder, "shared_cpu_list"), `${shared}\n`);
}

test("adds up the caches of the highest level, each shared one once", async () => {
  await cache("cpu0", "index0", 1, "32K", "0");
  await cache("cpu0", "index3", 3, "32M", "0-1");
  await cache("cpu1", "index2", 2, "1024K", "1");
  await cache("cpu1", "index3", 3, "32768K", "0-1");
  await cache("cpu2", "index3", 3, "96M", "2-3");
  await mkdir(join(file("cpu"), "cpufreq"), { recursive: true });
  expect(await cacheBytes(file("cpu"))).toBe(128 * 2 ** 20);
});

test("knows when the system does not tell", async () => {
  expect(await cacheBytes(file("none"))).toBeUndefined();
});
