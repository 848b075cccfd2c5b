import { lstat, readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { getLlama, LlamaLogLevel, type Llama } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import type { BenchAddon } from "../../bench/BenchAddon.js";
import { finishJob } from "../../common/nativeJob.js";
import { InvalidInputError } from "../../common/errors.js";
import { RuntimeNotBuiltError } from "../errors.js";
import { ensureRuntime } from "../runtime/ensureRuntime.js";
import { loadNativeAddon } from "../runtime/toolAddons.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { convertDemo } from "../testing/convertDemo.js";
import { greedyTokens, runStock } from "../testing/outputs.js";
import { getMixLlama } from "./getMixLlama.js";

/** Long enough for a first build of the runtime on two cores. */
const BUILD_TIMEOUT_MS = 30 * 60_000;

const PROMPT = "The configuration file";
const COUNT = 40;

let llama: Llama;
const directory = temporaryDirectory();
const file = (name: string) => path.join(directory, name);

beforeAll(async () => {
  await convertDemo(file("f16.gguf"), "--type", "f16");
  const addon = await loadNativeAddon<BenchAddon>("mixllm-bench");
  const options = { input: file("f16.gguf"), output: file("q4_k_m.gguf"), type: "Q4_K_M", threads: 1 };
  await finishJob(addon.quantizeStock(options));
  llama = await getMixLlama({ gpu: false, maxThreads: 1 });
}, BUILD_TIMEOUT_MS);

afterAll(() => llama.dispose());

async function ownTokens(name: string): Promise<number[]> {
  const model = await llama.loadModel({ modelPath: file(name) });
  const tokens = await greedyTokens(model, PROMPT, COUNT);
  await model.dispose();
  return tokens;
}

describe("the Llama", () => {
  test("computes with no more threads than the machine runs at once, unless told to", async () => {
    const byDefault = await getMixLlama({ gpu: false });
    expect(byDefault.maxThreads).toBeLessThanOrEqual(os.availableParallelism());
    await byDefault.dispose();
    const told = await getMixLlama({ gpu: false, maxThreads: os.availableParallelism() + 1 });
    expect(told.maxThreads).toBe(os.availableParallelism() + 1);
    await told.dispose();
  });

  test("is our own build", async () => {
    const { key } = await ensureRuntime({ gpu: false });
    expect(llama.buildType).toBe("localBuild");
    expect(llama.cmakeOptions).toEqual({ MIXLLM: key });
    expect(llama.llamaCppRelease.release).toBe(nodeLlamaCpp().llamaCppRelease);
    expect(llama.gpu).toBe(false);
  });

  test("leaves node-llama-cpp's package as it is", async () => {
    await expect(lstat(path.join(nodeLlamaCpp().directory, "llama", "llama.cpp"))).rejects.toThrow("ENOENT");
    const { key } = await ensureRuntime({ gpu: false });
    for (const name of await readdir(path.join(nodeLlamaCpp().directory, "llama", "localBuilds")).catch(() => []))
      expect(name).not.toContain(key);
  });

  test("can be had again, and beside node-llama-cpp's own", async () => {
    const again = await getMixLlama({ gpu: false, build: "never", maxThreads: 2 });
    expect(again.maxThreads).toBe(2);
    await again.dispose();
    const stock = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: LlamaLogLevel.error });
    expect(stock.buildType).toBe("prebuilt");
    const model = await stock.loadModel({ modelPath: file("f16.gguf") });
    const stockTokens = await greedyTokens(model, PROMPT, COUNT);
    await stock.dispose();
    expect(await ownTokens("f16.gguf")).toEqual(stockTokens);
  });
});

describe("without a build", () => {
  test('build: "never" fails and says how to make one', async () => {
    vi.stubEnv("MIXLLM_CACHE_DIR", file("empty-cache"));
    try {
      await expect(getMixLlama({ gpu: false, build: "never" })).rejects.toThrow(RuntimeNotBuiltError);
      await expect(getMixLlama({ gpu: false, build: "never" })).rejects.toMatchObject({
        fix: expect.stringContaining("npx mixllm build") as unknown
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("wrong options are refused first", async () => {
    // @ts-expect-error: what plain JavaScript could pass
    await expect(getMixLlama({ gpu: "vulkan" })).rejects.toThrow(InvalidInputError);
  });
});

describe("stock files", () => {
  test.each(["f16.gguf", "q4_k_m.gguf"])("%s generates the tokens that stock node-llama-cpp does", async (name) => {
    const stock = await runStock(file(name), PROMPT, COUNT);
    expect(await ownTokens(name)).toEqual("tokens" in stock ? stock.tokens : stock.error);
  });
});
