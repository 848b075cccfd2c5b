import { spawnSync } from "node:child_process";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import type { WorkRequest } from "../worker/WorkRequest.js";
import type { WorkRunner } from "../worker/runInWorker.js";
import { Workshop } from "./Workshop.js";

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);
const request = (model: string): WorkRequest & { kind: "footprint" } => ({
  kind: "footprint",
  options: { model, prompt: 1, context: 1, threads: 1 }
});

/** Notes what it is asked for; a request that makes a file makes it. */
function recordingRunner(calls: string[]): WorkRunner {
  return (async (asked: WorkRequest) => {
    calls.push(asked.kind);
    if (asked.kind === "quantize") await writeFile(asked.output, asked.type);
    return { loadSeconds: calls.length, firstTokenSeconds: 0, peakMemoryBytes: 0 };
  }) as WorkRunner;
}

describe("a workshop", () => {
  test("measures once, until something that decides the result changes", async () => {
    const calls: string[] = [];
    const open = (build: string): Promise<Workshop> =>
      Workshop.open(file("measuring"), { build, runWork: recordingRunner(calls) });
    const first = await (await open("1")).measure(["model"], request("a"));
    expect(first).toEqual({ loadSeconds: 1, firstTokenSeconds: 0, peakMemoryBytes: 0 });
    // Another process, another path, the same content.
    expect(await (await open("1")).measure(["model"], request("b"))).toEqual(first);
    expect(calls).toHaveLength(1);
    expect(await (await open("1")).measure(["other model"], request("a"))).not.toEqual(first);
    expect(await (await open("2")).measure(["model"], request("a"))).not.toEqual(first);
    expect(calls).toHaveLength(3);
  });

  test("makes a file once", async () => {
    const calls: string[] = [];
    const workshop = await Workshop.open(file("making"), { build: "1", runWork: recordingRunner(calls) });
    const quantize = (output: string): WorkRequest => ({
      kind: "quantize",
      input: "",
      output,
      type: "Q4_0",
      threads: 1
    });
    const path = await workshop.make("Q4_0", ["a"], quantize);
    expect(await readFile(path, "utf8")).toBe("Q4_0");
    expect(await workshop.make("Q4_0", ["a"], quantize)).toBe(path);
    expect(await workshop.make("Q4_0", ["b"], quantize)).not.toBe(path);
    expect(calls).toHaveLength(2);
  });

  test("remembers nothing of work that failed", async () => {
    let fails = true;
    const runWork = (async () => {
      if (fails) throw new Error("no");
      return Promise.resolve({ loadSeconds: 7 });
    }) as unknown as WorkRunner;
    const workshop = await Workshop.open(file("failing"), { build: "1", runWork });
    await expect(workshop.measure(["a"], request("a"))).rejects.toThrow("no");
    fails = false;
    expect(await workshop.measure(["a"], request("a"))).toEqual({ loadSeconds: 7 });
  });

  test("measures again where a result is damaged", async () => {
    const calls: string[] = [];
    const open = (): Promise<Workshop> =>
      Workshop.open(file("damaged"), { build: "1", runWork: recordingRunner(calls) });
    await (await open()).measure(["model"], request("a"));
    for (const name of await readdir(file("damaged/results"))) await writeFile(file(`damaged/results/${name}`), '{"lo');
    await (await open()).measure(["model"], request("a"));
    await (await open()).measure(["model"], request("a"));
    expect(calls).toHaveLength(2);
  });

  test("sweeps away what a killed process left half-made, and nothing else", async () => {
    const path = (await Workshop.open(file("sweeping"), { build: "1" })).path("x", [], "gguf");
    await writeFile(path, "whole");
    const { pid: dead } = spawnSync(process.execPath, ["--version"]);
    await writeFile(`${path}.${dead}.0123abcd.partial`, "half");
    await Workshop.open(file("sweeping"), { build: "1" });
    expect(await readdir(dirname(path))).toEqual([basename(path)]);
  });

  test("hashes a file again only when it has changed", async () => {
    const { hashes } = await Workshop.open(file("hashing"), { build: "1" });
    const path = file("hashed.txt");
    await writeFile(path, "one");
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    const one = await hashes.of(path);
    // printf one | sha256sum
    expect(one).toBe("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
    await writeFile(path, "two");
    expect(await hashes.of(path)).not.toBe(one);
    await writeFile(path, "one");
    await utimes(path, time, time);
    expect(await (await Workshop.open(file("hashing"), { build: "1" })).hashes.of(path)).toBe(one);
  });

  test("starts over with hashes that were cut off", async () => {
    await Workshop.open(file("broken"), { build: "1" });
    await writeFile(file("broken/hashes.json"), '{"/some/path 3 17');
    const { hashes } = await Workshop.open(file("broken"), { build: "1" });
    await writeFile(file("file.txt"), "one");
    expect(await hashes.of(file("file.txt"))).toHaveLength(64);
  });
});
