import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadBenchAddon } from "../loadBenchAddon.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { freePort, startRpcServer } from "../../plugin/testing/startRpcServer.js";
import { prepareBenchAddon } from "../testing/benchTests.js";

/** What users run; `npm test` compiles it first. */
const PROGRAM = fileURLToPath(new URL("../../dist/bench/cli/mixllmBench.js", import.meta.url));

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);
prepareBenchAddon();

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: { ...process.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    );
  });
}

beforeAll(async () => {
  await writeFile(file("text.txt"), "Any text will do, as long as there is enough of it. ".repeat(20));
  await writeFile(file("short.txt"), "Hello");
  const shape = { shape: "llama-3.2-1b", layers: 1, vocabulary: 300 };
  await synthesizeModel(loadBenchAddon, { ...shape, output: file("model.gguf") });
}, 300_000);

describe("mixllm-bench", () => {
  test("quality --json prints one object", async () => {
    const model = file("model.gguf");
    const { code, stdout } = await run(
      ...["quality", "--model", model, "--reference", model, "--text", file("text.txt")],
      ...["--context", "128", "--chunks", "2", "--threads", "2", "--json"]
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      model,
      perplexity: expect.any(Number) as number,
      perplexityError: expect.any(Number) as number,
      chunks: 2,
      context: 128,
      kld: { mean: 0, median: 0, p99: 0, max: 0 },
      top1Agreement: 1,
      deltaPRms: 0
    });
  });

  test("speed --json prints one array", async () => {
    const model = file("model.gguf");
    const { code, stdout } = await run(
      ...["speed", "--model", model, "--model", model, "--prompt", "16,8", "--generate", "2", "--depth", "0,4"],
      ...["--threads", "1", "--repeat", "2", "--starts", "1", "--json"]
    );
    expect(code).toBe(0);
    const number = expect.any(Number) as number;
    const entry = {
      model,
      type: "F16",
      threads: 1,
      gpuLayers: 0,
      tokensPerSecond: { median: number, mean: number, sd: number },
      footprint: { loadSeconds: number, firstTokenSeconds: number, peakMemoryBytes: number, videoMemoryBytes: null }
    };
    const names = ["pp8", "pp16", "tg2", "pp8 @ d4", "pp16 @ d4", "tg2 @ d4"];
    expect(JSON.parse(stdout)).toEqual([...names, ...names].map((name) => ({ ...entry, test: name })));
  });

  test("--rpc measures on other machines: the same quality, and a speed", async () => {
    const model = file("model.gguf");
    const quality = ["quality", "--model", model, "--text", file("text.txt"), "--context", "128", "--json"];
    const here = await run(...quality);
    const { endpoint } = await startRpcServer();
    const there = await run(...quality, "--rpc", endpoint);
    expect([here.code, there.code]).toEqual([0, 0]);
    const perplexity = ({ stdout }: { stdout: string }): number =>
      (JSON.parse(stdout) as { perplexity: number }).perplexity;
    expect(perplexity(there)).toBeCloseTo(perplexity(here), 3);
    const speed = await run(
      ...["speed", "--model", model, "--prompt", "8", "--generate", "2", "--repeat", "1", "--json", "--rpc", endpoint]
    );
    expect(speed.code).toBe(0);
    expect(JSON.parse(speed.stdout)).toMatchObject([
      { test: "pp8", gpuLayers: 9999 },
      { test: "tg2", gpuLayers: 9999 }
    ]);
    const lost = await run(...quality, "--rpc", `127.0.0.1:${await freePort()}`);
    expect(lost).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: there is no RPC server at/) as string
    });
  });

  test("kernels --json prints one object", async () => {
    const { code, stdout } = await run(
      ...["kernels", "--shape", "32x256", "--percent-8bit", "50", "--types", "q4_0", "--tokens", "1,3"],
      ...["--threads", "1", "--repeat", "1", "--json"]
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { device: unknown; kernels: { kernel: string; tokens: number }[] };
    expect(report.device).toMatchObject({ name: "CPU" });
    expect(report.kernels.map(({ kernel, tokens }) => `${kernel} ${tokens}`)).toEqual([
      ...["MixLLM p50 1", "Q4_0 1"],
      ...["MixLLM p50 3", "Q4_0 3"]
    ]);
  });

  test("speed --starts 0 measures no starts", async () => {
    const { code, stdout } = await run(
      ...["speed", "--model", file("model.gguf"), "--prompt", "8", "--generate", "0", "--repeat", "1", "--starts", "0"]
    );
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
  });

  test.each([
    [["quality", "--model", "none.gguf", "--text", "none.txt"], /^error: cannot read none\.gguf: no such file/],
    [["quality", "--model", "none.gguf"], /^error: required option '--text <file>' not specified/],
    [["quality", "--model", "x.gguf", "--text", "x", "--chunk", "4"], /^error: unknown option '--chunk'/],
    [["quality", "--model", "x.gguf", "--text", "x", "--context", "7"], /^error: option '--context.*from 8 to/],
    [["speed", "--model", "none.gguf", "--repeat", "0"], /^error: option '--repeat.*from 1 to 10000/],
    [["speed", "--model", "none.gguf", "--depth", "0,x"], /^error: option '--depth.*from 0 to/],
    [["speed", "--model", "none.gguf", "--threads", "100000"], /^error: option '--threads.*from 1 to 512/],
    [["speed", "--model", "none.gguf"], /^error: cannot read none\.gguf: no such file/],
    [["kernels", "--shape", "100x64"], /^error: option '--shape.*multiples of 16 and of 32/],
    [["kernels", "--types", "Q9"], /^error: there is no type Q9 to measure; there are/],
    [["speed", "--model", "x", "--rpc", "kitchen"], /expected servers such as 192\.168\.1\.20:50052/],
    [["kernels", "--types", "Q4_K", "Q6_K"], /^error: too many arguments for 'kernels'/],
    [["kernels", "--percent-8bit", "0,101"], /^error: option '--percent-8bit.*from 0 to 100/],
    [["kernels", "--tokens", "0"], /^error: option '--tokens.*from 1 to/],
    [["synthesize", "--shape", "llama-9", "-o", "x.gguf"], /^error: there is no shape llama-9; known are/],
    [["compare", "none", "--text", "none.txt"], /^error: cannot read none: no such file or folder/],
    [["compare", "none", "--text", "x", "--types", "Q9"], /^error: there is no quantization type Q9; llama\.cpp has/],
    [["compare", "none", "--text", "x", "--format", "pdf"], /^error: option '--format <format>' argument 'pdf'/],
    [
      ["compare", "none", "--text", "x", "--bits-per-weight", "4.5,3"],
      /^error: option '--bits-per-weight.*from 4 to 9/
    ],
    [["report", "none.json"], /^error: cannot read none\.json: no such file/],
    [["report", "package.json"], /^error: package\.json is no comparison: /],
    [["compress"], /^error: unknown command 'compress'/]
  ])("%j ends with one clear line and exit code 1", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("a text that is too short is told from the model's own tokens", async () => {
    const { code, stderr } = await run("quality", "--model", file("model.gguf"), "--text", file("short.txt"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: the text is too short: it has 6 tokens .* one context takes 512$/m);
  });
});
