import { InvalidInputError } from "../../common/errors.js";
import type { TensorSpec } from "../architectures/Architecture.js";
import type { ModelTensor, SourceType, StoredTensor } from "./SourceModel.js";

/** The number formats that weights are read in. */
export const SOURCE_TYPES: readonly SourceType[] = ["F32", "F16", "BF16"];

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
 * @returns the tensors in the order they are stored, a stack at the place of the last part of those that end with it
 * @throws {InvalidInputError} a tensor is missing, unexpected, of the wrong shape or in a format that cannot be read
 */
export function matchTensors(
  specs: readonly TensorSpec[],
  tensors: readonly StoredTensor[],
  searched: SearchedPlace
): ModelTensor[] {
  const { place } = searched;
  const byName = new Map(tensors.map((stored, position) => [stored.name, { stored, position }]));
  const taken = new Set<string>();
  const missing: string[] = [];
  const matched: { tensor: ModelTensor; position: number }[] = [];
  for (const spec of specs) {
    const names = spec.parts ?? [spec.source];
    const found = names.flatMap((name) => byName.get(name) ?? []);
    if (found.length < names.length) {
      if (spec.isOptional !== true) missing.push(...names.filter((name) => !byName.has(name)));
      continue;
    }
    for (const name of names) taken.add(name);
    const parts = found.map(({ stored }, part) => match(spec, stored, part, searched));
    matched.push({ tensor: modelTensor(spec, parts), position: Math.max(...found.map(({ position }) => position)) });
  }

  const unexpected = tensors.map(({ name }) => name).filter((name) => !taken.has(name));
  if (missing.length > 0) {
    throw (
      wrapped(missing, unexpected, place) ??
      quantized(searched) ??
      new InvalidInputError(
        `${place} lacks ${missing.length === 1 ? "tensor" : `${missing.length} tensors, among them`} "${missing[0]}"`,
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
  return matched.sort((a, b) => a.position - b.position).map(({ tensor }) => tensor);
}

function match(spec: TensorSpec, stored: StoredTensor, part: number, searched: SearchedPlace): StoredTensor {
  const isPacked = spec.packedShape !== undefined;
  if (isPacked ? stored.dtype !== "U8" : !SOURCE_TYPES.some((known) => known === stored.dtype)) {
    throw (
      quantized(searched) ??
      new InvalidInputError(`tensor "${stored.name}" has format ${stored.dtype}`, {
        fix: `Formats that can be converted: ${isPacked ? "U8, as MXFP4 has it" : SOURCE_TYPES.join(", ")}.`
      })
    );
  }
  const { shape } = stored;
  const expected = packedPartShape(spec, part) ?? spec.storedShape ?? spec.shape;
  if (shape.length !== expected.length || shape.some((size, i) => size !== expected[i])) {
    throw (
      quantized(searched) ??
      new InvalidInputError(
        `tensor "${stored.name}" has shape [${shape.join(", ")}], but ${searched.shapesFrom} implies ` +
          `[${expected.join(", ")}]`
      )
    );
  }
  return stored;
}

/** Shape of the blocks (part 0) and of the scales (part 1) of a tensor in MXFP4. */
function packedPartShape({ packedShape }: TensorSpec, part: number): number[] | undefined {
  if (packedShape === undefined) return undefined;
  const scales = [...packedShape.slice(0, -1), (packedShape.at(-1) ?? 0) / 32];
  return part === 0 ? [...scales, 16] : scales;
}

/** @throws {InvalidInputError} the parts of a stack differ in format */
function modelTensor(spec: TensorSpec, parts: readonly StoredTensor[]): ModelTensor {
  const [first] = parts as [StoredTensor];
  const other = parts.find(({ dtype }) => dtype !== first.dtype);
  if (other !== undefined) {
    throw new InvalidInputError(`tensors "${first.name}" and "${other.name}" of one stack differ in format`);
  }
  const computed = spec.transforms?.find(({ type }) => type !== undefined)?.type;
  const columns = spec.shape.at(-1) ?? 0;
  const rows = spec.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const dtype = spec.packedShape === undefined ? (first.dtype as SourceType) : "MXFP4";
  const type = computed ?? dtype;
  if (spec.parts === undefined) return { spec, stored: first, type, rows, columns };
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const shape = spec.packedShape ?? [parts.length, ...first.shape];
  const stored = { ...first, dtype, name: spec.source, shape, byteLength };
  return { spec, stored, parts, type, rows, columns };
}

function quantized({ quantization }: SearchedPlace): InvalidInputError | undefined {
  if (quantization === undefined) return undefined;
  return new InvalidInputError(`the weights are already quantized (${quantization})`, {
    fix: "Start from the model's original F32, F16 or BF16 weights."
  });
}

/** The error for names that would be right without what a tool put around them. */
function wrapped(
  missing: readonly string[],
  unexpected: readonly string[],
  place: string
): InvalidInputError | undefined {
  const wanted = new Set(missing);
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
