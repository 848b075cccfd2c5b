import type { ComparedModel } from "./Comparison.js";

/** A model before its speed is measured, for which all take turns. */
export type UntimedModel = Omit<ComparedModel, "speed">;
