import { InvalidInputError } from "../../common/errors.js";
import type { TensorSpec } from "../architectures/TensorSpec.js";
import type { ModelTensor } from "./ModelTensor.js";
import type { SourceType, StoredTensor } from "./StoredTensor.js";

const SOURCE_TYPES: readonly SourceType[] = ["F32", "F16", "BF16"];

/** Where tensors were looked for, in words for errors. */
export interface SearchedPlace {
  /** The directory or file. */
  readonly place: string;
  /** What implies the shapes. */
  readonly shapesFrom: string;
  /** What to do when tensors are missing, and when there are more than expected. */
  readonly ifMissing: string;
  readonly ifUnexpected: string;
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
  { place, shapesFrom, ifMissing, ifUnexpected }: SearchedPlace
): ModelTensor[] {
  const bySource = new Map(specs.map((spec) => [spec.source, spec]));
  const found = new Set<TensorSpec>();
  const matched: ModelTensor[] = [];
  const unexpected: string[] = [];
  for (const stored of tensors) {
    const spec = bySource.get(stored.name);
    if (spec === undefined) unexpected.push(stored.name);
    else {
      found.add(spec);
      matched.push(match(spec, stored, shapesFrom));
    }
  }

  const missing = specs.filter((spec) => spec.isOptional !== true && !found.has(spec));
  if (missing.length > 0) {
    throw new InvalidInputError(
      `${place} lacks ${missing.length === 1 ? "tensor" : `${missing.length} tensors, among them`} "${missing[0]?.source}"`,
      { fix: ifMissing }
    );
  }
  if (unexpected.length > 0) {
    throw new InvalidInputError(
      `${place} holds ${unexpected.length === 1 ? "tensor" : `${unexpected.length} tensors, among them`} ` +
        `"${unexpected[0]}", which this architecture does not have`,
      { fix: ifUnexpected }
    );
  }
  return matched;
}

function match(spec: TensorSpec, stored: StoredTensor, shapesFrom: string): ModelTensor {
  const type = SOURCE_TYPES.find((known) => known === stored.dtype);
  if (type === undefined) {
    throw new InvalidInputError(`tensor "${stored.name}" has format ${stored.dtype}`, {
      fix: `Formats that can be converted: ${SOURCE_TYPES.join(", ")}.`
    });
  }
  const { shape } = stored;
  if (shape.length !== spec.shape.length || shape.some((size, i) => size !== spec.shape[i])) {
    throw new InvalidInputError(
      `tensor "${stored.name}" has shape [${shape.join(", ")}], but ${shapesFrom} implies [${spec.shape.join(", ")}]`
    );
  }
  const columns = shape.at(-1) ?? 0;
  return { spec, stored, type, rows: shape.length === 2 ? (shape[0] as number) : 1, columns };
}
