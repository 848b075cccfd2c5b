import path from "node:path";
import { LlamaLogLevel } from "node-llama-cpp";
import { expect, test } from "vitest";
import { missingForCuda } from "../../testing/missingForCuda.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { convertDemo } from "../testing/convertDemo.js";
import { greedyTokens } from "../testing/outputs.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { getMixLlama } from "./getMixLlama.js";

const PROMPT = "The quick brown fox";
const TOKENS = 24;

const missing = await missingForCuda("models are not run on CUDA through the plugin");

async function tokensOn(gpu: RuntimeGpu, modelPath: string, gpuLayers: number | "max"): Promise<number[]> {
  const llama = await getMixLlama({ gpu, logLevel: LlamaLogLevel.error });
  expect(llama.gpu).toBe(gpu);
  const model = await llama.loadModel({ modelPath, gpuLayers });
  const tokens = await greedyTokens(model, PROMPT, TOKENS);
  await llama.dispose();
  return tokens;
}

// Building the runtime for CUDA takes minutes.
test.skipIf(missing.length > 0)("CUDA continues a text as the CPU does", { timeout: 30 * 60_000 }, async () => {
  const file = path.join(temporaryDirectory(), "mixed.gguf");
  await convertDemo(file);
  const expected = await tokensOn(false, file, 0);
  expect(expected).toHaveLength(TOKENS);
  expect(await tokensOn("cuda", file, "max")).toEqual(expected);
  expect(await tokensOn("cuda", file, 1)).toEqual(expected);
});
