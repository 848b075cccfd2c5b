import { byteLengthOf } from "../../common/gguf/ggmlTypes.js";
import { assertFinite } from "../model/assertFinite.js";
import { sourceRows } from "../model/sourceRows.js";
import type { PlannedStockTensor } from "../plan/PlannedTensor.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { ModelWriter } from "./ModelWriter.js";

/**
 * Converts a tensor to its stock type chunk by chunk and writes it.
 *
 * Values beyond the largest half become infinite, as in a stock conversion, with a warning.
 *
 * @throws {InvalidInputError} the tensor holds NaN or infinity
 */
export async function writeStockTensor(
  writer: ModelWriter,
  { target, tensor, type }: PlannedStockTensor,
  { reader, addon, threads, warn }: ConversionContext
): Promise<void> {
  const rowBytes = byteLengthOf(type, tensor.columns);
  let overflowed = 0;
  for await (const { data, start, rows } of reader.chunks(tensor)) {
    const out = new Uint8Array(rows * rowBytes);
    const report = await addon.convertRows(sourceRows(tensor, data, rows), type, out, threads);
    assertFinite(tensor, report.firstNonFinite < 0 ? -1 : start * tensor.columns + report.firstNonFinite);
    overflowed += report.overflowed;
    await writer.write(target, out, start * rowBytes);
  }
  if (overflowed > 0) {
    warn(
      `${overflowed} values of ${target} are too large for F16 and became infinite, as in a stock conversion; ` +
        "the model will not work: use --type bf16"
    );
  }
}
