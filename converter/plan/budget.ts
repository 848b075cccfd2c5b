import { formatBytes } from "../../common/cli/format.js";
import { InvalidInputError } from "../../common/errors.js";
import { aligned, encodeGgufHeader, tensorBytes } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { Budget } from "./ConversionOptions.js";
import { ROW_TILE } from "../../common/format/mixllmFormat.js";
import { describeOutput, plannedBytes, type PlannedMixedWeight, type PlannedTensor } from "./PlannedTensor.js";

/** How much less than a budget all channels in 8 bits may take to count as meeting it. */
const TOLERANCE = 0.005;

/**
 * The bytes that a budget leaves for 8-bit channels once all channels have 4 bits (or their fixed width).
 *
 * @param otherBytes bytes of the file beside the mixed weights
 * @throws {InvalidInputError} even all channels in 4 bits take more, or all in 8 bits less
 */
export function spendableBytes(
  weights: readonly PlannedMixedWeight[],
  budget: Exclude<Budget, { unit: "percent" }>,
  otherBytes: number
): number {
  const bytesWith = (freeBits: 4 | 8): number =>
    weights.reduce(
      (sum, planned) => sum + plannedBytes(planned, (planned.bits ?? freeBits) === 8 ? planned.tensor.rows : 0),
      0
    );
  const least = bytesWith(4);
  const most = bytesWith(8);
  if (budget.unit === "bitsPerWeight") {
    const values = weights.reduce((sum, { tensor }) => sum + tensor.rows * tensor.columns, 0);
    const allowed = (budget.bitsPerWeight * values) / 8;
    if (allowed >= least && allowed * (1 - TOLERANCE) <= most) return allowed - least;
    const [from, to] = [least, most].map((bytes) => ((8 * bytes) / values).toFixed(3));
    throw new InvalidInputError(
      `${budget.bitsPerWeight} bits per weight cannot be met: this model's weights can have from ${from} to ${to}`
    );
  }
  const { fileBytes } = budget;
  if (fileBytes >= least + otherBytes && fileBytes * (1 - TOLERANCE) <= most + otherBytes) {
    return fileBytes - otherBytes - least;
  }
  throw new InvalidInputError(
    `a file of ${formatBytes(fileBytes)} cannot be met: this model's can have from ` +
      `${formatBytes(least + otherBytes)} to ${formatBytes(most + otherBytes)}`,
    {
      fix:
        fileBytes < least + otherBytes
          ? "Store the embedding and output head smaller with --embedding-type and --output-type."
          : "Ask for less, or for --percent-8bit 100."
    }
  );
}

/**
 * The most bytes a file can have beside the mixed weights' data: header, tensors of stock types, and padding.
 *
 * @param metadata as it will finally be, up to the values of strings, whose lengths must not change
 */
export function sizeWithoutMixed(metadata: Metadata, plan: readonly PlannedTensor[]): number {
  // With channels of both widths a mixed weight has the most components.
  const tensors = plan.flatMap((planned) => describeOutput(planned, ROW_TILE));
  const { header } = encodeGgufHeader(metadata.entries(), tensors);
  const stock = plan
    .filter(({ treatment }) => treatment !== "mixed")
    .flatMap((planned) => describeOutput(planned, 0))
    .reduce((sum, tensor) => sum + aligned(tensorBytes(tensor)), header.length);
  const padding = tensors.reduce((sum, tensor) => sum + aligned(tensorBytes(tensor)) - tensorBytes(tensor), 0);
  return stock + padding;
}
