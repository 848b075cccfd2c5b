import type { PlannedTensor } from "../plan/PlannedTensor.js";
import type { MixedWeight } from "../quantization/MixedWeight.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { QuantizationMethod } from "../quantization/QuantizationMethod.js";
import type { ModelWriter } from "./ModelWriter.js";
import { writeStockTensor } from "./writeStockTensor.js";

/** Writes every tensor of a plan: stock ones first, then the mixed weights as the method finishes them. */
export async function writeTensors(
  writer: ModelWriter,
  plan: readonly PlannedTensor[],
  weights: readonly MixedWeight[],
  method: QuantizationMethod,
  context: ConversionContext
): Promise<void> {
  const total = context.model.tensors.reduce((sum, { stored }) => sum + stored.byteLength, 0);
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

  if (weights.length === 0) return;
  const before = done / total;
  const quantization: ConversionContext = {
    ...context,
    progress: (fraction, detail) =>
      context.progress(fraction === undefined ? undefined : before + (1 - before) * fraction, detail)
  };
  for await (const { weight, components } of method.quantize(weights, quantization)) {
    for (const [suffix, data] of Object.entries(components)) {
      if (data.length > 0) await writer.write(`${weight.planned.target}.${suffix}`, data);
    }
  }
}
