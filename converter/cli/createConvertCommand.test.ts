import { existsSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "../../common/cli/runCommand.js";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { createConvertCommand } from "./createConvertCommand.js";

const demo = path.join(packageRoot, "models/demo");
const directory = temporaryDirectory();
let stdout = "";
let stderr = "";

beforeEach(() => {
  stdout = stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs the command in this process and returns its exit code. */
async function run(...args: string[]): Promise<number> {
  const argv = process.argv;
  process.argv = ["node", "mixllm-convert", ...args];
  const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
    throw new Error(`exit ${code ?? 0}`);
  });
  try {
    await runCommand(createConvertCommand());
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const code = /^exit (\d+)$/.exec((error as Error).message)?.[1];
    if (code === undefined) throw error;
    return Number(code);
  } finally {
    process.argv = argv;
    exit.mockRestore();
  }
}

test("--help shows examples and every default", async () => {
  expect(await run("--help")).toBe(0);
  expect(stdout).toContain("$ mixllm-convert ./Llama-3.2-1B-Instruct -o llama-3.2-1b.gguf");
  expect(stdout).toMatch(/--percent-8bit <percent>[^(]*\(default: 10\)/);
});

test.each([
  [["--percnt-8bit", "10"], "Did you mean --percent-8bit?"],
  [["--type", "q9"], "Allowed choices are mixllm, f16, bf16, q8_0"],
  [["--percent-8bit", "101"], "'101' is invalid. expected a number from 0 to 100"],
  [["--percent-8bit", "ten"], "'ten' is invalid. expected a number from 0 to 100"],
  [["--pre-tokenizer", "lama-bpe"], 'no pre-tokenizer "lama-bpe"'],
  [["--bits-per-weight", "10"], "'10' is invalid. expected a number from 4 to 9"],
  [["--bits-per-weight", "5", "--size", "1G"], "cannot be used with option"],
  [["--size", "big"], "'big' is invalid. expected a size such as 4.5G or 800M"],
  [["--tensor-bits", "ffn_down"], "'ffn_down' is invalid. expected a pattern and 4, 8 or f16, such as ffn_down=8"],
  [["--tensor-bits", "(=8"], "Invalid regular expression"],
  [["--gpu", "vulkan"], "'vulkan' is invalid. expected auto, cuda or false"],
  [["--method", "rtn", "--search", "weight_error", "--gpu", "cuda"], "--gpu has no effect on a conversion without"],
  [["--samples", "0"], "'0' is invalid. expected a whole number from 1 to 1000000"],
  [
    ["--method", "rtn", "--search", "weight_error", "--samples", "8"],
    "--samples has no effect on a conversion without"
  ],
  [["--search", "weight_error", "--ranking", "fisher"], "--ranking has no effect with --search weight_error"],
  [["--search", "weight_error", "--salience", "s"], "--salience has no effect with --search weight_error"],
  [
    ["-o", path.join(directory, "x.gguf"), "--salience", "none/salience"],
    "cannot write none/salience: no such file or folder"
  ],
  [["-o", "/dev/null", "--force"], "/dev/null is no regular file"],
  [["--type", "f16", "--percent-8bit", "20"], "--percent-8bit has no effect with --type f16"],
  [[], "no file to write was given"],
  [["extra"], "too many arguments"]
])("%j is a mistake that is explained, with exit code 1", async (args, message) => {
  expect(await run(demo, ...args)).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("--dry-run prints the plan and writes nothing", async () => {
  const output = path.join(directory, "dry.gguf");
  expect(await run(demo, "--dry-run", "-o", output)).toBe(0);
  expect(stdout).toMatch(/blk\.0\.attn_q\.weight +256 x 256 +mixllm/);
  expect(stdout).toContain("1024 of 10240 output channels in 8 bits");
  expect(stdout).toMatch(/take about [\d.]+ MiB of memory, .* and about [\d.]+ (s|min \d+ s) on this machine\n$/);
  expect(existsSync(output)).toBe(false);
});

test("--dry-run --json prints one object whose sizes hold the real one", async () => {
  await run(demo, "--dry-run", "--json");
  const plan = JSON.parse(stdout) as { parameters: number; mixed: { leastBytes: number; mostBytes: number } };
  expect(plan.parameters).toBe(3_672_320);
  stdout = "";
  await run(
    demo,
    "-o",
    path.join(directory, "json.gguf"),
    "--json",
    "--quiet",
    "--samples",
    "4",
    "--sequence-length",
    "64"
  );
  const { bytes, mixed } = JSON.parse(stdout) as { bytes: number; mixed: { percent8bit: number } };
  expect(mixed.percent8bit).toBe(10);
  const header = 100_000; // metadata and padding come on top of tensor data
  expect(bytes).toBeGreaterThan(plan.mixed.leastBytes);
  expect(bytes).toBeLessThan(plan.mixed.mostBytes + header);
});

test("an interrupted conversion exits as shells expect and leaves nothing", async () => {
  const output = path.join(directory, "interrupted.gguf");
  const listeners = process.listenerCount("SIGINT");
  const conversion = run(demo, "-o", output, "--quiet");
  await vi.waitUntil(() => process.listenerCount("SIGINT") > listeners);
  process.emit("SIGINT", "SIGINT");
  expect(await conversion).toBe(130);
  expect(existsSync(output)).toBe(false);
});
