import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";

/**
 * Bits of all tensors of a GGUF over the weights of the unquantized model.
 *
 * @param reference path of the unquantized GGUF
 */
export async function bitsPerWeight(model: string, reference: string): Promise<number> {
  const bytes = (await readGgufHeader(model)).tensors.reduce((sum, { byteLength }) => sum + (byteLength ?? NaN), 0);
  const weights = (await readGgufHeader(reference)).tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce((product, extent) => product * extent, 1),
    0
  );
  return (8 * bytes) / weights;
}
