import type { ConversionContext } from "../ConversionContext.js";
import { byteLengthOf } from "../../common/gguf/ggmlTypes.js";
import { finishJob } from "../../common/nativeJob.js";
import { assertFinite } from "../model/WeightReader.js";
import type { PlannedStockTensor, PlannedTensor } from "../plan/PlannedTensor.js";
import type { ModelWriter } from "./ModelWriter.js";

/**
 * Writes every tensor of a plan that is not mixed.
 *
 * Values beyond the largest half become infinite, as in a stock conversion, with a warning.
 *
 * @throws {InvalidInputError} a tensor holds NaN or infinity
 */
export async function writeStockTensors(
  writer: ModelWriter,
  plan: readonly PlannedTensor[],
  context: ConversionContext
): Promise<void> {
  const stock = plan.filter((planned) => planned.treatment === "stock");
  const total = stock.reduce((sum, { tensor }) => sum + tensor.stored.byteLength, 0);
  let done = 0;
  for (const planned of plan) {
    if (planned.treatment === "computed") {
      const { buffer, byteOffset, byteLength } = planned.tensor.values;
      await writer.write(planned.target, new Uint8Array(buffer, byteOffset, byteLength));
    } else if (planned.treatment === "stock") {
      context.progress(done / total, planned.target);
      await writeStockTensor(writer, planned, context);
      done += planned.tensor.stored.byteLength;
    }
  }
}

/** Converts a tensor to its stock type chunk by chunk and writes it. */
async function writeStockTensor(
  writer: ModelWriter,
  { target, tensor, type }: PlannedStockTensor,
  { reader, addon, threads, signal, warn }: ConversionContext
): Promise<void> {
  const rowBytes = byteLengthOf(type, tensor.columns);
  let overflowed = 0;
  for await (const { source, start } of reader.chunks(tensor)) {
    const out = new Uint8Array(source.rows * rowBytes);
    const report = await finishJob(addon.convertRows(source, type, out, threads), signal);
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
