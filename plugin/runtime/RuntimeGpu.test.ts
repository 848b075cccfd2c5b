import { beforeEach, expect, test, vi } from "vitest";
import type { CudaToolkit } from "../machine/cudaToolkit.js";
import type { Gpu } from "../machine/gpus.js";
import { resolveRuntimeGpu } from "./RuntimeGpu.js";

const found = vi.hoisted(() => ({
  gpus: [] as Gpu[],
  toolkit: {} as CudaToolkit,
  finished: false
}));
vi.mock("../machine/gpus.js", () => ({
  detectGpus: () => Promise.resolve(found.gpus),
  gpuArchitectures: () => Promise.resolve(found.gpus.map((gpu) => gpu.computeCapability))
}));
vi.mock(import("../machine/cudaToolkit.js"), async (original) => ({
  ...(await original()),
  findCudaToolkit: () => Promise.resolve(found.toolkit)
}));
vi.mock(import("./buildCache.js"), async (original) => ({
  ...(await original()),
  isFinishedBuild: () => Promise.resolve(found.finished)
}));

const GPU: Gpu = { name: "Test", computeCapability: "9.0", memoryMiB: 1024, driverVersion: "550.1" };
const WHOLE: CudaToolkit = { nvcc: "nvcc", version: "13.0", cublas: "libcublas.so", cublasHeader: "cublas_v2.h" };

beforeEach(() => Object.assign(found, { gpus: [GPU], toolkit: WHOLE, finished: false }));

test("what is asked for by name is taken as it is", async () => {
  expect(await resolveRuntimeGpu(false)).toBe(false);
  found.gpus = [];
  expect(await resolveRuntimeGpu("cuda")).toBe("cuda");
});

test.runIf(process.platform !== "darwin")("auto is CUDA with a GPU and a whole toolkit", async () => {
  expect(await resolveRuntimeGpu("auto")).toBe("cuda");
});

test("auto is the CPU without a GPU, as on a build server, whatever else is there", async () => {
  Object.assign(found, { gpus: [], finished: true });
  expect(await resolveRuntimeGpu("auto")).toBe(false);
});

test.runIf(process.platform !== "darwin")("auto is the CPU when all GPUs are older than the kernels", async () => {
  const old: Gpu = { ...GPU, computeCapability: "6.1" };
  found.gpus = [old];
  expect(await resolveRuntimeGpu("auto")).toBe(false);
  found.gpus = [old, { ...GPU, computeCapability: "12.0" }];
  expect(await resolveRuntimeGpu("auto")).toBe("cuda");
});

test("auto is the CPU when nvcc comes without cuBLAS", async () => {
  found.toolkit = { ...WHOLE, cublas: undefined, cublasHeader: undefined };
  expect(await resolveRuntimeGpu("auto")).toBe(false);
});

test.runIf(process.platform !== "darwin")(
  "auto is CUDA without a toolkit when a finished CUDA build is there",
  async () => {
    Object.assign(found, { toolkit: { ...WHOLE, nvcc: undefined }, finished: true });
    expect(await resolveRuntimeGpu("auto")).toBe("cuda");
  }
);
