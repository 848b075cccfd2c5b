import { InvalidInputError } from "../../common/errors.js";
import { blockLengthOf, type TensorType } from "../../common/gguf/ggmlTypes.js";
import type { ModelTensor, SourceModel } from "../model/SourceModel.js";
import type { ConversionOptions } from "./ConversionOptions.js";
import { INPUT_BLOCK, MAX_EXTENT, ROW_TILE } from "../../common/format/mixllmFormat.js";
import type { PlannedTensor } from "./PlannedTensor.js";

/**
 * Decides how every tensor of a model is stored, in output order.
 *
 * Norms and biases stay float32. In a MixLLM file the decoder's linear weights are mixed, the embedding and output head
 * get the stock types asked for. In a stock file every matrix gets the one type asked for. A matrix that does not fit
 * its type's blocks falls back to F16, with a note, unless the type was asked for by name.
 *
 * @throws {InvalidInputError} the embedding or output head cannot be stored in the type asked for, or an override
 *   matches no linear weight
 */
export function planTensors(model: SourceModel, options: ConversionOptions): PlannedTensor[] {
  if (options.format === "mixllm") assertOverridesMatch(model, options);
  const computed = model.computedTensors.map((tensor): PlannedTensor => ({
    treatment: "computed",
    target: tensor.target,
    tensor
  }));
  return [...computed, ...model.tensors.map((tensor) => planTensor(tensor, options))];
}

function planTensor(tensor: ModelTensor, options: ConversionOptions): PlannedTensor {
  const { target, role } = tensor.spec;
  const stock = (type: TensorType, note?: string): PlannedTensor => ({
    treatment: "stock",
    target,
    tensor,
    type,
    ...(note === undefined ? {} : { note })
  });

  if (role === "norm" || role === "bias" || role === "router" || role === "recurrence") return stock("f32");
  if (options.format !== "mixllm") {
    const misfit = blockMisfit(tensor, options.format);
    return misfit === undefined ? stock(options.format) : stock("f16", misfit);
  }
  if (role === "linear") {
    const misfit = mixedMisfit(tensor);
    if (misfit !== undefined) return stock("f16", misfit);
    const override = options.overrides.find(({ pattern }) => pattern.test(target))?.treatment;
    if (override === "f16") return stock("f16", "as asked for");
    return {
      treatment: "mixed",
      target,
      tensor,
      ...(override === undefined ? {} : { bits: override === "4" ? 4 : 8 })
    };
  }
  if (role === "experts") return stock("f16", "experts stay as they are");
  const type = role === "embedding" ? options.embeddingType : options.outputType;
  const misfit = blockMisfit(tensor, type);
  if (misfit !== undefined) {
    throw new InvalidInputError(`${target} cannot be stored as ${type}: ${misfit}`, {
      fix: `Choose another type with --${role}-type, such as q8_0 or f16.`
    });
  }
  return stock(type);
}

/** A pattern that matches nothing is a mistake worth telling. */
function assertOverridesMatch(model: SourceModel, { overrides }: ConversionOptions): void {
  const names = model.tensors.filter(({ spec }) => spec.role === "linear").map(({ spec }) => spec.target);
  const idle = overrides.find(({ pattern }) => !names.some((name) => pattern.test(name)));
  if (idle === undefined) return;
  throw new InvalidInputError(`no linear weight matches ${idle.pattern.source}`, {
    fix: `Their names are like ${names.slice(0, 3).join(", ")}; --dry-run lists them all.`
  });
}

function blockMisfit({ columns }: ModelTensor, type: TensorType): string | undefined {
  const block = blockLengthOf(type);
  return columns % block === 0 ? undefined : `rows of ${columns} values are not a multiple of ${block}`;
}

function mixedMisfit({ rows, columns }: ModelTensor): string | undefined {
  if (rows % ROW_TILE !== 0) return `${rows} output channels are not a multiple of ${ROW_TILE}`;
  if (columns % INPUT_BLOCK !== 0) return `${columns} inputs are not a multiple of ${INPUT_BLOCK}`;
  if (Math.max(rows, columns) > MAX_EXTENT) return `${rows} x ${columns} is more than ${MAX_EXTENT} a side`;
  return undefined;
}
