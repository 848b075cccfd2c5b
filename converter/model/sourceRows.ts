import type { SourceRows } from "../ConverterAddon.js";
import type { SourceType } from "./StoredTensor.js";
import type { ModelTensor } from "./ModelTensor.js";

const GGML_NAMES: Readonly<Record<SourceType, SourceRows["type"]>> = { F32: "f32", F16: "f16", BF16: "bf16" };

/**
 * Bytes read from a tensor in the form the native addon takes.
 *
 * @param rowCount how many rows `data` holds; all of the tensor's unless given
 */
export function sourceRows({ type, rows, columns }: ModelTensor, data: Uint8Array, rowCount = rows): SourceRows {
  return { data, type: GGML_NAMES[type], rows: rowCount, columns };
}
