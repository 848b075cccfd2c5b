import type { RuntimeGpu } from "./RuntimeGpu.js";

/** Room that the unpacked sources, the objects and the result take at most, with a margin; CUDA objects are far larger. */
export function neededBytes(gpu: RuntimeGpu): number {
  return gpu === false ? 6e8 : 6e9;
}
