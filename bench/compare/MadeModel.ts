import type { ComparedModel } from "./Comparison.js";

/** A model's file, and how it came to be. */
export type MadeModel = Pick<ComparedModel, "file" | "origin">;
