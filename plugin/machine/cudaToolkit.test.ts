import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { findCudaToolkit, missingCudaParts } from "./cudaToolkit.js";

afterEach(() => vi.unstubAllEnvs());

/** Makes CUDA_PATH lead to a toolkit with these files. */
async function toolkitWith(...files: string[]): Promise<string> {
  const root = temporaryDirectory();
  for (const file of files) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), '#!/bin/sh\necho "Cuda compilation tools, release 12.4, V12.4.131"\n');
    await chmod(path.join(root, file), 0o755);
  }
  vi.stubEnv("CUDA_PATH", root);
  return root;
}

test.runIf(process.platform === "linux")("finds a whole toolkit in both of its layouts", async () => {
  const flat = await toolkitWith("bin/nvcc", "lib64/libcublas.so", "include/cublas_v2.h");
  expect(await findCudaToolkit()).toEqual({
    nvcc: path.join(flat, "bin/nvcc"),
    version: "12.4",
    cublas: path.join(flat, "lib64/libcublas.so"),
    cublasHeader: path.join(flat, "include/cublas_v2.h")
  });
  const target = "targets/x86_64-linux";
  await toolkitWith("bin/nvcc", `${target}/lib/libcublas.so`, `${target}/include/cublas_v2.h`);
  expect(missingCudaParts(await findCudaToolkit())).toEqual([]);
});

test("a toolkit without a part is not whole, and the part has a name", () => {
  const whole = { nvcc: "nvcc", version: "13.0", cublas: "libcublas.so", cublasHeader: "cublas_v2.h" };
  expect(missingCudaParts(whole)).toEqual([]);
  expect(missingCudaParts({ ...whole, cublas: undefined })).toEqual(["cuBLAS with its headers"]);
  expect(missingCudaParts({ ...whole, cublasHeader: undefined })).toEqual(["cuBLAS with its headers"]);
  expect(missingCudaParts({ ...whole, nvcc: undefined })).toEqual(["the CUDA compiler (nvcc)"]);
});
