import type { Footprint } from "../footprint/Footprint.js";
import type { SpeedFigures } from "./SpeedFigures.js";
import type { SpeedReport } from "./SpeedReport.js";

/** One entry a model and test; `footprint`, where it was measured, is the model's and the same for all its tests. */
export type SpeedJson = (SpeedFigures & { footprint?: Footprint })[];

/** The report as `--json` prints it. */
export function speedJson({ models }: SpeedReport, footprints: readonly Footprint[]): SpeedJson {
  return models.flatMap(({ figures }, i) => {
    const footprint = footprints[i];
    return figures.map((entry) => (footprint === undefined ? entry : { ...entry, footprint }));
  });
}
