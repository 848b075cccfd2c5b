import type { ConverterAddon } from "../ConverterAddon.js";
import type { Metadata } from "../gguf/Metadata.js";
import { byteLength, describeOutput } from "./describeOutput.js";
import type { PlannedTensor } from "./PlannedTensor.js";

/** Bytes of the file beside the mixed weights' components: header, and tensors of stock types. */
export function sizeWithoutMixed(addon: ConverterAddon, metadata: Metadata, plan: readonly PlannedTensor[]): number {
  const { header } = addon.encodeHeader(
    metadata.entries(),
    plan.flatMap((planned) => describeOutput(planned, 0))
  );
  return plan
    .filter(({ treatment }) => treatment !== "mixed")
    .flatMap((planned) => describeOutput(planned, 0))
    .reduce((sum, tensor) => sum + byteLength(tensor), header.length);
}
