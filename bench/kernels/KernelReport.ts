import type { KernelFigures } from "./KernelFigures.js";

/** What a measurement of kernels found out. */
export interface KernelReport {
  device: { name: string; description: string };
  threads: number;
  /** What the processor can do at best, medians of all rounds; undefined on a GPU. */
  ceilings?: {
    /** Instruction set of MixLLM's kernels. */
    isa: string;
    /** Of the int8 multiply instruction alone, in 1e9 multiplications plus additions a second; null where not known. */
    gops: number | null;
    /** Read from memory. */
    gigabytesPerSecond: number;
  };
  kernels: KernelFigures[];
}
