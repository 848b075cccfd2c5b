import { InvalidInputError } from "../../common/errors.js";
import { blockLengthOf, type TensorType } from "../../common/gguf/ggmlTypes.js";
import type { TensorRole } from "../architectures/Architecture.js";
import type { ModelGraph, WeightUse } from "../MethodAddon.js";
import type { ModelTensor, SourceModel } from "../model/SourceModel.js";
import type { ConversionOptions } from "./ConversionOptions.js";
import { INPUT_BLOCK, MAX_EXTENT, ROW_TILE } from "../../common/format/mixllmFormat.js";
import type { PlannedTensor } from "./PlannedTensor.js";

/** Weights of a decoder block. */
const BLOCK_WEIGHT = /^blk\.\d+\..+\.weight$/;

/** What chooses a token's experts. */
const ROUTER = /\.ffn_gate_inp/;

/** Weights that stay as they are unless asked for, each with its reason. */
const KEPT: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: ROUTER, reason: "it routes tokens to experts" },
  { pattern: /\.attn_[kv]_b\./, reason: "attention multiplies with it head by head" },
  { pattern: /\.ssm_(alpha|beta)\./, reason: "it gates a recurrence, which errors build up in" }
];

/** What stays float32 whatever the model is stored as. */
const EXACT: ReadonlySet<TensorRole> = new Set(["norm", "bias", "router", "recurrence"]);

/** Smaller weights are not worth the few bytes. */
const LEAST_VALUES = 2048;

/**
 * Decides how every tensor of a model is stored, in output order.
 *
 * In a MixLLM file the weights that the decoder blocks multiply with activations, and use in no other way, are mixed; the
 * embedding and output head get the stock types asked for; all others stay as they are. In a stock file every matrix that
 * is multiplied or looked up gets the one type asked for. A matrix that does not fit its type's blocks falls back to F16,
 * with a note, unless the type was asked for by name.
 *
 * @param graph what the model does with its weights
 * @throws {InvalidInputError} the embedding or output head cannot be stored in the type asked for, or an override
 *   matches no linear weight
 */
export function planTensors(model: SourceModel, graph: ModelGraph, options: ConversionOptions): PlannedTensor[] {
  const uses = new Map(graph.weights.map((use) => [use.name, use]));
  if (options.format === "mixllm") assertOverridesMatch(model, uses, options);
  const computed = model.computedTensors.map((tensor): PlannedTensor => ({
    treatment: "computed",
    target: tensor.target,
    tensor
  }));
  return [...computed, ...model.tensors.map((tensor) => planTensor(tensor, graph, uses, options))];
}

type Uses = ReadonlyMap<string, WeightUse>;

function planTensor(tensor: ModelTensor, graph: ModelGraph, uses: Uses, options: ConversionOptions): PlannedTensor {
  const { target, shape, role } = tensor.spec;
  const stock = (type: TensorType, note?: string): PlannedTensor => ({
    treatment: "stock",
    target,
    tensor,
    type,
    ...(note === undefined ? {} : { note })
  });
  const use = uses.get(target);
  const isMatrix = shape.filter((size) => size > 1).length > 1;
  // Biases, norms and what decides are kept exact, as in a stock conversion.
  const kept = isMatrix && !EXACT.has(role) ? ggmlName(tensor) : "f32";
  if (!isMatrix || EXACT.has(role)) return stock(kept);

  if (options.format !== "mixllm") {
    // What an op other than a product or a lookup reads may have to be as it is.
    if (role === "unknown" && ROUTER.test(target)) return stock(kept);
    if (role === "unknown" && use?.use !== "product" && use?.use !== "rows" && use?.use !== "experts")
      return stock(kept);
    const misfit = blockMisfit(tensor, options.format);
    return misfit === undefined ? stock(options.format) : stock("f16", misfit);
  }
  if (target === graph.head || target === EMBEDDING) return planHead(tensor, stock, options);
  if (use === undefined) return stock(kept, "the model's graph does not use it");
  if (!isLinear(tensor, use)) return stock(kept, whyNotLinear(tensor, use));

  const override = options.overrides.find(({ pattern }) => pattern.test(target))?.treatment;
  if (override === "f16") return stock("f16", "as asked for");
  const reason = keptFor(tensor);
  if (override === undefined && reason !== undefined) return stock(kept, reason);
  const misfit = mixedMisfit(tensor);
  if (misfit !== undefined) return stock("f16", misfit);
  return {
    treatment: "mixed",
    target,
    tensor,
    experts: expertsOf(tensor),
    ...(override === undefined ? {} : { bits: override === "4" ? 4 : 8 })
  };
}

const EMBEDDING = "token_embd.weight";

/** What `auto` tries for embedding and head, in this order. */
const AUTO_TYPES = ["q6_K", "q8_0"] as const;

function planHead(
  tensor: ModelTensor,
  stock: (type: TensorType) => PlannedTensor,
  { embeddingType, outputType }: ConversionOptions
): PlannedTensor {
  const { target } = tensor.spec;
  const [kind, type] =
    target === EMBEDDING ? (["embedding", embeddingType] as const) : (["output", outputType] as const);
  if (type === "auto") return stock(AUTO_TYPES.find((each) => blockMisfit(tensor, each) === undefined) ?? "f16");
  const misfit = blockMisfit(tensor, type);
  if (misfit === undefined) return stock(type);
  throw new InvalidInputError(`${target} cannot be stored as ${type}: ${misfit}`, {
    fix: `Choose another type with --${kind}-type, such as auto, q8_0 or f16.`
  });
}

/** Whether a weight is a matrix of one block, or a stack of them, that only products read. */
function isLinear({ spec: { target, shape } }: ModelTensor, use: WeightUse | undefined): boolean {
  const isProduct = use?.use === "experts" || (use?.use === "product" && shape.length === 2);
  return BLOCK_WEIGHT.test(target) && isProduct && use.sections.length === 1;
}

/** What a weight that is no linear is instead. */
function whyNotLinear({ spec: { target } }: ModelTensor, use: WeightUse): string {
  if (use.use !== "product" && use.use !== "experts") return `it is read by ${use.use}`;
  if (!BLOCK_WEIGHT.test(target)) return "it belongs to no block";
  return use.sections.length > 1 ? "it is used by more than one block" : "each of its matrices has inputs of its own";
}

/** How many matrices are stacked. */
function expertsOf({ spec: { shape } }: ModelTensor): number {
  return shape.slice(0, -2).reduce((product, size) => product * size, 1);
}

/** Why a weight stays as it is unless asked for. */
function keptFor({ spec: { target }, rows, columns }: ModelTensor): string | undefined {
  const known = KEPT.find(({ pattern }) => pattern.test(target));
  if (known !== undefined) return known.reason;
  return rows * columns < LEAST_VALUES ? `it has fewer than ${LEAST_VALUES} values` : undefined;
}

/** A pattern that matches nothing is a mistake worth telling. */
function assertOverridesMatch(model: SourceModel, uses: Uses, { overrides }: ConversionOptions): void {
  const names = model.tensors
    .filter((tensor) => isLinear(tensor, uses.get(tensor.spec.target)))
    .map(({ spec }) => spec.target);
  const idle = overrides.find(({ pattern }) => !names.some((name) => pattern.test(name)));
  if (idle === undefined) return;
  throw new InvalidInputError(`no linear weight matches ${idle.pattern.source}`, {
    fix: `Their names are like ${names.slice(0, 3).join(", ")}; --dry-run lists them all.`
  });
}

function ggmlName({ type }: ModelTensor): TensorType {
  return type === "F32" ? "f32" : type === "F16" ? "f16" : "bf16"; // which holds all that MXFP4 does
}

function blockMisfit({ columns }: ModelTensor, type: TensorType): string | undefined {
  const block = blockLengthOf(type);
  return columns % block === 0 ? undefined : `rows of ${columns} values are not a multiple of ${block}`;
}

function mixedMisfit(tensor: ModelTensor): string | undefined {
  const { rows, columns } = tensor;
  const channels = rows / expertsOf(tensor);
  if (channels % ROW_TILE !== 0) return `${channels} output channels are not a multiple of ${ROW_TILE}`;
  if (columns % INPUT_BLOCK !== 0) return `${columns} inputs are not a multiple of ${INPUT_BLOCK}`;
  if (Math.max(rows, columns) > MAX_EXTENT) return `${rows} x ${columns} is more than ${MAX_EXTENT} a side`;
  return undefined;
}
