import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../plugin/runtime/packageRoot.js";
import { buildNativeProject } from "../testing/buildNativeProject.js";
import { runLoudly } from "../testing/runLoudly.js";
import { runtimeDefinitions } from "../testing/runtimeDefinitions.js";
import type { ConversionSummary } from "./ConversionSummary.js";
import { temporaryDirectory } from "./testing/temporaryDirectory.js";

const directory = temporaryDirectory();

/** Converts the demo model in a process of its own. */
async function convert(name: string, environment: Readonly<Record<string, string>> = {}) {
  const output = path.join(directory, `${name}.gguf`);
  const program = path.join(packageRoot, "dist/converter/cli/mixllmConvert.js");
  const options = ["--samples", "4", "--sequence-length", "64", "--quiet", "--json"];
  const stdout = await runLoudly(
    process.execPath,
    [program, path.join(packageRoot, "models/demo"), "-o", output, ...options],
    environment
  );
  return { device: (JSON.parse(stdout) as ConversionSummary).mixed?.device, bytes: readFileSync(output) };
}

// A GPU computes with other kernels; this device with the CPU's, so any difference would be one of the graphs.
test.runIf(process.platform === "linux")(
  "search and quantization run on a device with memory of its own, and give the CPU's bytes",
  { timeout: 600_000 },
  async () => {
    const build = await buildNativeProject("testing/device", await runtimeDefinitions());
    const onDevice = await convert("device", { LD_PRELOAD: path.join(build, "libmixllm-test-device.so") });
    const onCpu = await convert("cpu");
    expect(onDevice.device).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(onCpu.device).not.toEqual(onDevice.device);
    expect(onDevice.bytes.equals(onCpu.bytes)).toBe(true);
  }
);
