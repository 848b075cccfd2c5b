import type { TensorDescription } from "./TensorDescription.js";
import { byteLengthOf } from "./TensorType.js";

/** Bytes of a tensor's data, without padding. */
export function tensorBytes({ type, ne }: TensorDescription): number {
  return byteLengthOf(
    type,
    ne.reduce((product, size) => product * size, 1)
  );
}
