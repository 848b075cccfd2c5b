import { encodeGgufHeader, aligned, tensorBytes } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { describeOutput } from "./describeOutput.js";
import { ROW_TILE } from "./mixedFormat.js";
import type { PlannedTensor } from "./PlannedTensor.js";

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
