import type { Family } from "./Family.js";

/** One bar of a bar chart. */
export interface Bar {
  readonly name: string;
  readonly family: Family;
  readonly value: number;
  /** Half the length of its whisker. */
  readonly spread: number;
  /** The value as a person reads it. */
  readonly text: string;
}
