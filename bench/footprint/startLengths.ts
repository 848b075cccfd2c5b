import { planSpeedTests, type SpeedTestLengths } from "../speed/planSpeedTests.js";
import type { FootprintOptions } from "./FootprintOptions.js";

/** What to start a model for so that it takes the memory that speed tests of these lengths would. */
export function startLengths(lengths: SpeedTestLengths): Pick<FootprintOptions, "prompt" | "context"> {
  const tests = planSpeedTests(lengths);
  return {
    prompt: Math.max(1, ...tests.filter(({ generation }) => !generation).map(({ tokens }) => tokens)),
    context: Math.max(1, ...tests.map(({ tokens, depth }) => tokens + depth))
  };
}
