import type { BenchAddon } from "../BenchAddon.js";
import { finishJob } from "../job/finishJob.js";
import type { Footprint } from "./Footprint.js";

/**
 * Loads a model, processes a prompt and generates a token, once; to be called in a process that has done nothing else.
 *
 * @param prompt tokens of the prompt
 */
export async function measureFootprint(
  addon: BenchAddon,
  { model, prompt, threads }: { model: string; prompt: number; threads: number }
): Promise<Footprint> {
  const { handle, loadSeconds } = await finishJob(addon.openSpeedModel({ model, prompt, generate: 1, threads }));
  const promptSeconds = await finishJob(addon.timePrompt(handle, 0));
  const tokenSeconds = await finishJob(addon.timeGeneration(handle, 0));
  addon.closeSpeedModel(handle);
  return {
    loadSeconds,
    firstTokenSeconds: loadSeconds + promptSeconds + tokenSeconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024
  };
}
