import { expect, test } from "vitest";
import { runNativeTests } from "../../testing/runNativeTests.js";

const ARCHITECTURES = ["75", "80", "86", "89", "90a", "120"];

test(
  "every CUDA kernel computes its definition in the host emulation and as nvcc's PTX, and is compiled without spills",
  { timeout: 25 * 60_000 },
  async () => {
    const { passed, skipped } = await runNativeTests("cuda");
    expect(passed).toEqual(expect.arrayContaining(["mixllm-cuda-emulation", "mixllm-cuda-architectures"]));
    const compiled = [
      "mixllm-cuda-interpreter",
      ...ARCHITECTURES.map((architecture) => `mixllm-cuda-nvcc-sm_${architecture}`)
    ];
    if (skipped.length > 0)
      console.warn(`SKIPPED: there is no nvcc 13 here, so the CUDA kernels went without ${skipped.join(", ")}`);
    expect([...passed, ...skipped]).toEqual(expect.arrayContaining(compiled));
  }
);
