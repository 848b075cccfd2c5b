/** How a contender's figure stands to its rival's. */
export interface Outcome {
  /** Its figure over the rival's. */
  readonly ratio: number;
  /** Whether that is good or bad, or less than what the error of measurement explains. */
  readonly verdict: "better" | "worse" | "even";
}
