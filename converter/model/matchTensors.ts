import { InvalidInputError } from "../../common/errors.js";
import type { TensorSpec } from "../architectures/Architecture.js";
import type { ModelTensor, SourceType, StoredTensor } from "./SourceModel.js";

const SOURCE_TYPES: readonly SourceType[] = ["F32", "F16", "BF16"];

/** Parts of names that tools put around a model's own, and how to be rid of them. */
const WRAPPERS: readonly { readonly part: string; readonly meaning: string; readonly fix: string }[] = [
  {
    part: "base_model.model.",
    meaning: "which PEFT adds to a model with adapters",
    fix: "Merge the adapters (`merge_and_unload()`) and save the result."
  },
  {
    part: "_orig_mod.",
    meaning: "which torch.compile adds",
    fix: "Save the model that was compiled (`model._orig_mod.save_pretrained(...)`)."
  },
  {
    part: "_fsdp_wrapped_module.",
    meaning: "which FSDP adds",
    fix: "Gather the full state dictionary and save the unwrapped model."
  },
  {
    part: "module.",
    meaning: "which data-parallel training adds",
    fix: "Save the model inside (`model.module.save_pretrained(...)`)."
  }
];

/** Where tensors were looked for, in words for errors. */
export interface SearchedPlace {
  /** The directory or file. */
  readonly place: string;
  /** What implies the shapes. */
  readonly shapesFrom: string;
  /** What to do when tensors are missing, and when there are more than expected. */
  readonly ifMissing: string;
  readonly ifUnexpected: string;
  /** How the weights are quantized, if they say so; it explains what cannot be matched. */
  readonly quantization?: string | undefined;
}

/**
 * Pairs what the architecture expects with what the weights hold.
 *
 * @returns the tensors in the order they are stored
 * @throws {InvalidInputError} a tensor is missing, unexpected, of the wrong shape or in a format that cannot be read
 */
export function matchTensors(
  specs: readonly TensorSpec[],
  tensors: readonly StoredTensor[],
  searched: SearchedPlace
): ModelTensor[] {
  const { place } = searched;
  const bySource = new Map(specs.map((spec) => [spec.source, spec]));
  const found = new Set<TensorSpec>();
  const matched: ModelTensor[] = [];
  const unexpected: string[] = [];
  for (const stored of tensors) {
    const spec = bySource.get(stored.name);
    if (spec === undefined) unexpected.push(stored.name);
    else {
      found.add(spec);
      matched.push(match(spec, stored, searched));
    }
  }

  const missing = specs.filter((spec) => spec.isOptional !== true && !found.has(spec));
  if (missing.length > 0) {
    throw (
      wrapped(missing, unexpected, place) ??
      quantized(searched) ??
      new InvalidInputError(
        `${place} lacks ${missing.length === 1 ? "tensor" : `${missing.length} tensors, among them`} "${missing[0]?.source}"`,
        { fix: searched.ifMissing }
      )
    );
  }
  if (unexpected.length > 0) {
    throw (
      quantized(searched) ??
      new InvalidInputError(
        `${place} holds ${unexpected.length === 1 ? "tensor" : `${unexpected.length} tensors, among them`} ` +
          `"${unexpected[0]}", which this architecture does not have`,
        { fix: searched.ifUnexpected }
      )
    );
  }
  return matched;
}

function match(spec: TensorSpec, stored: StoredTensor, searched: SearchedPlace): ModelTensor {
  const type = SOURCE_TYPES.find((known) => known === stored.dtype);
  if (type === undefined) {
    throw (
      quantized(searched) ??
      new InvalidInputError(`tensor "${stored.name}" has format ${stored.dtype}`, {
        fix: `Formats that can be converted: ${SOURCE_TYPES.join(", ")}.`
      })
    );
  }
  const { shape } = stored;
  if (shape.length !== spec.shape.length || shape.some((size, i) => size !== spec.shape[i])) {
    throw (
      quantized(searched) ??
      new InvalidInputError(
        `tensor "${stored.name}" has shape [${shape.join(", ")}], but ${searched.shapesFrom} implies ` +
          `[${spec.shape.join(", ")}]`
      )
    );
  }
  const columns = shape.at(-1) ?? 0;
  return { spec, stored, type, rows: shape.length === 2 ? (shape[0] as number) : 1, columns };
}

function quantized({ quantization }: SearchedPlace): InvalidInputError | undefined {
  if (quantization === undefined) return undefined;
  return new InvalidInputError(`the weights are already quantized (${quantization})`, {
    fix: "Start from the model's original F32, F16 or BF16 weights."
  });
}

/** The error for names that would be right without what a tool put around them. */
function wrapped(
  missing: readonly TensorSpec[],
  unexpected: readonly string[],
  place: string
): InvalidInputError | undefined {
  const wanted = new Set(missing.map(({ source }) => source));
  for (const { part, meaning, fix } of WRAPPERS) {
    const name = unexpected.find((each) => each.includes(part) && wanted.has(each.replace(part, "")));
    if (name === undefined) continue;
    return new InvalidInputError(`tensors of ${place} are named like "${name}", with "${part}", ${meaning}`, { fix });
  }
  return undefined;
}

/**
 * Adds an output head to the tensors of a model with tied embeddings, which may carry one all the same.
 *
 * @param source the head's name in the weights
 */
export function withOptionalHead(specs: readonly TensorSpec[], source: string): readonly TensorSpec[] {
  const embedding = specs.find(({ role }) => role === "embedding");
  if (embedding === undefined || specs.some(({ role }) => role === "output")) return specs;
  return [...specs, { ...embedding, source, target: "output.weight", role: "output", isOptional: true }];
}
