import type { BenchAddon } from "../BenchAddon.js";
import { finishJob } from "../../common/nativeJob.js";
import type { Footprint } from "./Footprint.js";
import type { FootprintOptions } from "./FootprintOptions.js";

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
