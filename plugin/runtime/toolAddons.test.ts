import { execFile } from "node:child_process";
import { cp, readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { binaryDirectory } from "./buildCache.js";
import { ensureRuntime } from "./ensureRuntime.js";
import { ensureToolAddons } from "./toolAddons.js";

const run = promisify(execFile);

/** Loads an addon in a process of its own, with every symbol looked up at once. */
async function load(file: string): Promise<void> {
  const script = `process.dlopen({ exports: {} }, ${JSON.stringify(file)}, ${os.constants.dlopen.RTLD_NOW})`;
  await run(process.execPath, ["--eval", script]);
}

test("the runtime holds nothing of the tools, and nothing of llama.cpp that no addon needs", async () => {
  const names = await readdir((await ensureRuntime({ gpu: false })).binaryDirectory);
  expect(names).toContain("llama-addon.node");
  expect(names.filter((name) => /mixllm-(bench|converter)|llama-common/.test(name))).toEqual([]);
});

// By default a function that is missing is found missing when it is called.
test.skipIf(process.platform === "win32")("every function that an addon calls is there", async () => {
  const { directory, runtime } = await ensureToolAddons({ gpu: false });
  await load(path.join(runtime.binaryDirectory, "llama-addon.node"));
  const addons = (await readdir(binaryDirectory(directory))).filter((name) => name.endsWith(".node"));
  expect(addons.sort()).toEqual(["mixllm-bench.node", "mixllm-converter.node"]);
  for (const addon of addons) await load(path.join(binaryDirectory(directory), addon));
});

test.skipIf(process.platform === "win32")("a cache that was moved still holds together", async () => {
  const { directory, runtime } = await ensureToolAddons({ gpu: false });
  const cache = path.dirname(path.dirname(directory));
  expect(path.dirname(path.dirname(runtime.directory))).toBe(cache);
  const moved = temporaryDirectory();
  for (const build of [directory, runtime.directory])
    await cp(build, path.join(moved, path.relative(cache, build)), { recursive: true });
  const addons = path.join(moved, path.relative(cache, binaryDirectory(directory)));
  const script = `
    process.dlopen({ exports: {} }, ${JSON.stringify(path.join(addons, "mixllm-bench.node"))});
    console.log(process.report.getReport().sharedObjects.filter((file) => file.includes("mixllm-")).join("\\n"));`;
  const { stdout } = await run(process.execPath, ["--eval", script]);
  const libraries = stdout.trim().split("\n");
  expect(libraries.length).toBeGreaterThan(3);
  for (const library of libraries) expect(library).toContain(path.basename(moved));
});
