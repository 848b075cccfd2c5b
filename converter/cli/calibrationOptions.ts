import type { SessionOptions } from "../calibration/CalibrationSession.js";
import type { ConvertArguments } from "./ConvertArguments.js";
import { usesCalibration } from "./usesCalibration.js";

/**
 * How to calibrate, if at all.
 *
 * @param output the file to write; unfinished work is kept beside it
 */
export function calibrationOptions(
  options: ConvertArguments,
  output: string
): Omit<SessionOptions, "command"> | undefined {
  if (!usesCalibration(options)) return undefined;
  return {
    files: options.calibration ?? [],
    samples: options.samples,
    sequenceLength: options.sequenceLength,
    workDirectory: options.workDirectory ?? `${output}.work`,
    memory: options.memory
  };
}
