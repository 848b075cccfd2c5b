import type { Outcome } from "./Outcome.js";

/** A difference of fewer standard errors may be chance. */
const CERTAIN_ERRORS = 2;

/** A figure with its standard error. */
export interface Measured {
  readonly mean: number;
  readonly error: number;
}

/**
 * Sets a figure against its rival's. The errors are taken as independent, which for figures of the same tokens is on the
 * careful side.
 *
 * @param better which of the two is good
 */
export function judge(own: Measured, rival: Measured, better: "more" | "less"): Outcome {
  const ratio = own.mean / rival.mean;
  const certain = Math.abs(own.mean - rival.mean) > CERTAIN_ERRORS * Math.hypot(own.error, rival.error);
  if (!certain) return { ratio, verdict: "even" };
  return { ratio, verdict: ratio > 1 === (better === "more") ? "better" : "worse" };
}
