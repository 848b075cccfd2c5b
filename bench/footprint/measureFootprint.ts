import type { BenchAddon } from "../BenchAddon.js";
import { finishJob } from "../../common/nativeJob.js";

/**
 * What starting a model takes, in a process that does nothing else, its file memory-mapped and in the page cache.
 */
export interface Footprint {
  /** Seconds from opening the file until the model is ready. */
  loadSeconds: number;
  /** Seconds from opening the file until the first token after a prompt of 32 tokens is known. */
  firstTokenSeconds: number;
  /** Largest resident size of the process in bytes, Node.js and the pages of the mapped file included. */
  peakMemoryBytes: number;
  /** Bytes taken on the GPUs; null where nothing computes on one. */
  videoMemoryBytes: number | null;
}

/** What a model is started for. */
export interface FootprintOptions {
  /** Tokens of the prompt after which its memory is read. */
  prompt: number;
  /** Tokens of the context. */
  context: number;
  threads: number;
  /** Layers on the GPU; none unless given. */
  gpuLayers?: number;
}

/**
 * Starts a model and processes a prompt, once; to be called in a process that has done nothing else.
 *
 * @throws {InvalidInputError} the model cannot be loaded, or its context does not fit in memory
 */
export async function measureFootprint(
  addon: BenchAddon,
  { model, prompt, context, threads, gpuLayers = 0 }: FootprintOptions & { model: string }
): Promise<Footprint> {
  const start = await finishJob(addon.measureStart({ model, prompt, context, threads, gpuLayers }));
  return { ...start, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
}
