import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import type { TensorSpec } from "../architectures/TensorSpec.js";
import type { SafetensorsModel } from "../safetensors/SafetensorsModel.js";
import type { SafetensorsTensor, SourceType } from "../safetensors/SafetensorsTensor.js";
import type { ModelTensor } from "./ModelTensor.js";

const SOURCE_TYPES: readonly SourceType[] = ["F32", "F16", "BF16"];

/** Buffers older checkpoints carry that are computed from the configuration. */
const COMPUTED_BUFFERS = /\.(rotary_emb\.inv_freq|attention\.masked_bias|attention\.bias)$/;

/**
 * Pairs what the architecture expects with what the weights hold.
 *
 * @param specs the architecture's tensors; an output head it does not expect (tied embeddings) is kept if it is there
 * @param directory the model directory, for errors
 * @returns the tensors in the order a stock conversion writes them
 * @throws {InvalidInputError} a tensor is missing, unexpected, of the wrong shape or in a format that cannot be read
 */
export function matchTensors(
  specs: readonly TensorSpec[],
  weights: SafetensorsModel,
  directory: string
): ModelTensor[] {
  // A base model saved without its language-model wrapper drops the prefix.
  const prefix =
    weights.get("model.embed_tokens.weight") === undefined && weights.get("embed_tokens.weight") ? "" : "model.";
  const bySource = new Map(withOptionalHead(specs).map((spec) => [spec.source.replace(/^model\./, prefix), spec]));

  const matched: ModelTensor[] = [];
  const found = new Set<TensorSpec>();
  const unexpected: string[] = [];
  for (const stored of weights.tensors()) {
    const spec = bySource.get(stored.name);
    if (spec !== undefined) {
      found.add(spec);
      matched.push(match(spec, stored));
    } else if (!COMPUTED_BUFFERS.test(stored.name)) unexpected.push(stored.name);
  }

  const missing = specs.filter((spec) => !found.has(spec));
  if (missing.length > 0) {
    const first = missing[0]?.source.replace(/^model\./, prefix);
    throw new InvalidInputError(
      `${directory} lacks ${missing.length === 1 ? "tensor" : `${missing.length} tensors, among them`} "${first}"`,
      { fix: "The weights are incomplete or belong to another config.json: download the model again." }
    );
  }
  if (unexpected.length > 0) {
    throw new InvalidInputError(
      `${directory} holds ${unexpected.length === 1 ? "tensor" : `${unexpected.length} tensors, among them`} ` +
        `"${unexpected[0]}", which this architecture does not have`,
      { fix: "Merge adapters into the weights first, or check that config.json names the right architecture." }
    );
  }
  return matched;
}

function withOptionalHead(specs: readonly TensorSpec[]): readonly TensorSpec[] {
  const embedding = specs.find(({ role }) => role === "embedding");
  if (embedding === undefined || specs.some(({ role }) => role === "output")) return specs;
  return [...specs, { ...embedding, source: "lm_head.weight", target: "output.weight", role: "output" }];
}

function match(spec: TensorSpec, stored: SafetensorsTensor): ModelTensor {
  const type = SOURCE_TYPES.find((known) => known === stored.dtype);
  if (type === undefined) {
    throw new InvalidInputError(`tensor "${stored.name}" has format ${stored.dtype}`, {
      fix: `Formats that can be converted: ${SOURCE_TYPES.join(", ")}.`
    });
  }
  const { shape } = stored;
  if (shape.length !== spec.shape.length || shape.some((size, i) => size !== spec.shape[i])) {
    throw new InvalidInputError(
      `tensor "${stored.name}" has shape [${shape.join(", ")}], but config.json implies [${spec.shape.join(", ")}]`
    );
  }
  const columns = shape.at(-1) ?? 0;
  return { spec, stored, type, rows: shape.length === 2 ? (shape[0] as number) : 1, columns };
}
