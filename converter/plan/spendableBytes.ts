import { formatBytes } from "../../cli/formatBytes.js";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import type { Budget } from "./Budget.js";
import { mixedBytes } from "./mixedBytes.js";
import type { PlannedMixedWeight } from "./PlannedTensor.js";

/**
 * The bytes that a budget leaves for 8-bit channels once all channels have 4 bits (or their fixed width).
 *
 * @param otherBytes bytes of the file beside the mixed weights
 * @throws {InvalidInputError} even all channels in 4 bits take more
 */
export function spendableBytes(
  weights: readonly PlannedMixedWeight[],
  budget: Exclude<Budget, { unit: "percent" }>,
  otherBytes: number
): number {
  const values = weights.reduce((sum, { tensor }) => sum + tensor.rows * tensor.columns, 0);
  const least = weights.reduce(
    (sum, planned) => sum + mixedBytes(planned, planned.bits === 8 ? planned.tensor.rows : 0),
    0
  );
  const allowed = budget.unit === "bitsPerWeight" ? (budget.bitsPerWeight * values) / 8 : budget.fileBytes - otherBytes;
  if (allowed >= least) return allowed - least;
  throw budget.unit === "bitsPerWeight"
    ? new InvalidInputError(
        `${budget.bitsPerWeight} bits per weight cannot be met: the least is ${((8 * least) / values).toFixed(3)}`
      )
    : new InvalidInputError(
        `a file of ${formatBytes(budget.fileBytes)} cannot be met: the least is ${formatBytes(least + otherBytes)}`,
        { fix: "Store the embedding and output head smaller with --embedding-type and --output-type." }
      );
}
