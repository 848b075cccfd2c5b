import { beforeEach, expect, test, vi } from "vitest";
import type { CudaToolkit } from "../machine/CudaToolkit.js";
import type { Gpu } from "../machine/Gpu.js";
import { resolveRuntimeGpu } from "./resolveRuntimeGpu.js";

const found = vi.hoisted(() => ({
  gpus: [] as Gpu[],
  toolkit: {} as CudaToolkit,
  finished: false
}));
vi.mock("../machine/detectGpus.js", () => ({ detectGpus: () => Promise.resolve(found.gpus) }));
vi.mock("../machine/findCudaToolkit.js", () => ({ findCudaToolkit: () => Promise.resolve(found.toolkit) }));
vi.mock("./isFinishedBuild.js", () => ({ isFinishedBuild: () => Promise.resolve(found.finished) }));

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
