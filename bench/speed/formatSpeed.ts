import { formatBytes, formatTable } from "../../common/cli/format.js";
import type { Footprint } from "../footprint/measureFootprint.js";
import type { SpeedReport, SpeedFigures } from "./SpeedReport.js";

/**
 * The report as a table of tests, one line a model and test, speeds in tokens a second, and a table of what starting each
 * model takes; each line ends in a line feed.
 *
 * @param footprints one entry a model, or none where they were not measured
 */
export function formatSpeed({ models }: SpeedReport, footprints: readonly Footprint[]): string {
  const tests = formatTable(
    ["model", "type", "size", "test", "threads", "median t/s", "mean", "sd"],
    models.flatMap(({ model, type, fileBytes, figures }) =>
      figures.map(({ test, threads, tokensPerSecond: { median, mean, sd } }) => [
        model,
        type,
        formatBytes(fileBytes),
        test,
        String(threads),
        median.toFixed(2),
        mean.toFixed(2),
        sd.toFixed(2)
      ])
    )
  );
  if (footprints.length === 0) return tests;
  const starts = formatTable(
    ["model", "load", "first token", "peak memory", "video memory"],
    footprints.map(({ loadSeconds, firstTokenSeconds, peakMemoryBytes, videoMemoryBytes }, i) => [
      models[i]!.model,
      `${loadSeconds.toFixed(2)} s`,
      `${firstTokenSeconds.toFixed(2)} s`,
      formatBytes(peakMemoryBytes),
      videoMemoryBytes === null ? "-" : formatBytes(videoMemoryBytes)
    ])
  );
  return `${tests}\n${starts}`;
}

/** One entry a model and test; `footprint`, where it was measured, is the model's and the same for all its tests. */
export type SpeedJson = (SpeedFigures & { footprint?: Footprint })[];

/** The report as `--json` prints it. */
export function speedJson({ models }: SpeedReport, footprints: readonly Footprint[]): SpeedJson {
  return models.flatMap(({ figures }, i) => {
    const footprint = footprints[i];
    return figures.map((entry) => (footprint === undefined ? entry : { ...entry, footprint }));
  });
}
