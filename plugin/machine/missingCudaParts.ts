import type { CudaToolkit } from "./CudaToolkit.js";

/** What a CUDA build needs and a toolkit lacks, in words; empty when it is whole. */
export function missingCudaParts(toolkit: CudaToolkit): readonly string[] {
  const missing: string[] = [];
  if (toolkit.nvcc === undefined) missing.push("the CUDA compiler (nvcc)");
  if (toolkit.cublas === undefined || toolkit.cublasHeader === undefined) missing.push("cuBLAS with its headers");
  return missing;
}
