import type { SpeedFigures } from "./SpeedFigures.js";

/** What a speed measurement found out about each model, in the order they were given. */
export interface SpeedReport {
  models: {
    model: string;
    type: string;
    fileBytes: number;
    /** One entry a test. */
    figures: SpeedFigures[];
  }[];
}
