import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { convert } from "../testing/convert.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

const program = path.join(packageRoot, "dist/converter/cli/mixllmConvert.js");
const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");
const gguf = path.join(directory, "demo-f16.gguf");
const outputs = path.join(directory, "out");
const output = path.join(outputs, "demo.gguf");

beforeAll(async () => {
  await convert({ source: demo, output: gguf, format: "f16" });
});

/** Runs the command; after `killAfter` milliseconds, if it still runs, it is killed with no chance to clean up. */
async function run(source: string, killAfter?: number): Promise<{ killed: boolean; stderr: string }> {
  const options = ["--samples", "4", "--sequence-length", "64", "--quiet"];
  const child = spawn(process.execPath, [program, source, "-o", output, ...options], {
    stdio: ["ignore", "ignore", "pipe"]
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return { killed: signal === "SIGKILL", stderr };
}

test.each([
  ["a directory", demo],
  ["a GGUF", gguf]
])("killed at random times, the conversion of %s ends with the same bytes", { timeout: 300_000 }, async (_, source) => {
  mkdirSync(outputs, { recursive: true });
  const started = performance.now();
  await run(source);
  const duration = performance.now() - started;
  const expected = readFileSync(output);
  rmSync(output);

  const kills: number[] = [];
  for (let kill = 0; kill < 2; kill++) {
    const after = Math.round(Math.random() * duration);
    const { killed } = await run(source, after);
    if (!killed) break; // it was done before
    kills.push(after);
  }
  if (!readdirSync(outputs).includes("demo.gguf")) await run(source);
  expect(readFileSync(output).equals(expected), `killed after ${kills.join(" and ")} ms`).toBe(true);
  expect(readdirSync(outputs)).toEqual(["demo.gguf"]);
  rmSync(output);
});
