import path from "node:path";
import { expect, test } from "vitest";
import { buildNativeProject } from "../testing/buildNativeProject.js";
import { convertInProcess } from "../testing/convertInProcess.js";
import { runtimeDefinitions } from "../testing/runtimeDefinitions.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";

const directory = temporaryDirectory();
const FEW_SAMPLES = ["--samples", "4", "--sequence-length", "64"];

// A GPU computes with other kernels; this device with the CPU's, so any difference would be one of the graphs.
test.runIf(process.platform === "linux")(
  "search and quantization run on a device with memory of its own, and give the CPU's bytes",
  { timeout: 600_000 },
  async () => {
    const build = await buildNativeProject("testing/device", await runtimeDefinitions());
    const onDevice = await convertInProcess(path.join(directory, "device.gguf"), FEW_SAMPLES, {
      LD_PRELOAD: path.join(build, "libmixllm-test-device.so")
    });
    const onCpu = await convertInProcess(path.join(directory, "cpu.gguf"), FEW_SAMPLES);
    expect(onDevice.device).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(onCpu.device).not.toEqual(onDevice.device);
    expect(onDevice.bytes.equals(onCpu.bytes)).toBe(true);
  }
);
