import type { ConversionContext } from "../ConversionContext.js";
import type { CalibrationSession } from "./CalibrationSession.js";

/** The session of a conversion that has calibration; whatever needs one is only offered together with it. */
export function requireSession({ calibration }: ConversionContext): CalibrationSession {
  if (calibration === undefined) throw new Error("this conversion has no calibration data");
  return calibration;
}
