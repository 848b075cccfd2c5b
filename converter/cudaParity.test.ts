import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { convertInProcess } from "../testing/convertInProcess.js";
import { missingForCuda } from "../testing/missingForCuda.js";
import { runLoudly } from "../testing/runLoudly.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";

const directory = temporaryDirectory();
const file = (name: string): string => path.join(directory, `${name}.gguf`);
const SAMPLES = ["--samples", "16", "--sequence-length", "256"];

const missing = await missingForCuda("models are not converted on CUDA");

/** Mean KL divergence from the F16 model on a text. */
async function divergence(model: string): Promise<number> {
  const program = path.join(packageRoot, "dist/bench/cli/mixllmBench.js");
  const text = path.join(packageRoot, "docs/format.md");
  const args = ["quality", "--model", model, "--reference", file("f16"), "--text", text, "--context", "256", "--json"];
  const quality = JSON.parse(await runLoudly(process.execPath, [program, ...args])) as { kld: { mean: number } };
  return quality.kld.mean;
}

// CUDA multiplies in TF32, so other channels and roundings may come out, but none that are worse. Building the runtime
// for CUDA takes minutes.
test.skipIf(missing.length > 0)("CUDA quantizes as well as the CPU does", { timeout: 30 * 60_000 }, async () => {
  await convertInProcess(file("f16"), ["--type", "f16"]);
  const onCpu = await convertInProcess(file("cpu"), [...SAMPLES, "--gpu", "false"]);
  const onGpu = await convertInProcess(file("gpu"), [...SAMPLES, "--gpu", "cuda"]);
  expect(onGpu.device).not.toEqual(onCpu.device);
  expect(await divergence(file("gpu"))).toBeLessThan(1.1 * (await divergence(file("cpu"))));
});
