import { median } from "../statistics.js";
import type { Footprint } from "./Footprint.js";

/**
 * Median times and largest memory of several starts of a model.
 *
 * @param starts not empty
 */
export function summarizeFootprints(starts: readonly Footprint[]): Footprint {
  const video = starts.flatMap(({ videoMemoryBytes }) => videoMemoryBytes ?? []);
  return {
    loadSeconds: median(starts.map(({ loadSeconds }) => loadSeconds)),
    firstTokenSeconds: median(starts.map(({ firstTokenSeconds }) => firstTokenSeconds)),
    peakMemoryBytes: Math.max(...starts.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    videoMemoryBytes: video.length === 0 ? null : Math.max(...video)
  };
}
