import { stat } from "node:fs/promises";
import { InvalidInputError } from "../../common/errors.js";
import {
  arraySources,
  encodeTensorFile,
  floatArray,
  floatsOf,
  readTensorFile,
  writeTensorFile,
  type ArraySource
} from "../checkpoint/tensorFile.js";
import type { LinearGradients, LinearSalience } from "../MethodAddon.js";

/** Salience of linears' output channels, by GGUF name of the weight. */
export type Salience = ReadonlyMap<string, LinearSalience>;

/** What salience was found on: the model, as its weights' SHA-256, and the calibration. */
export interface SalienceOrigin {
  readonly source: string;
  readonly calibration: string;
}

/** Of weights with no factors, as those of files were that do not say. */
const NOT_EQUALIZED = "none";

/** A file of salience. */
export interface SalienceFile {
  readonly path: string;
  /** By which factors the weights were equalized: `WeightReader.equalization`. */
  readonly equalization: string;
  readonly salience: Salience;
  /** The arrays of linears' moments, by linear: too much to be in memory together. */
  readonly moments: ReadonlyMap<string, ArraySource>;
}

const MOMENT = ".moment";

/**
 * Encodes what the backward pass found as a safetensors file: arrays `NAME.taylor` and `NAME.fisher` of one float an
 * output channel, `NAME.feedback` of one float, if that was sought, and `NAME.moment` where there is one.
 */
export function encodeSalience(found: Readonly<Record<string, LinearGradients>>): Uint8Array {
  const arrays = Object.entries(found).flatMap(([name, { taylor, fisher, feedback, moment }]) => [
    ...(taylor.length === 0
      ? []
      : [
          floatArray(`${name}.taylor`, taylor),
          floatArray(`${name}.fisher`, fisher),
          floatArray(`${name}.feedback`, Float32Array.of(feedback))
        ]),
    ...(moment.length === 0 ? [] : [{ name: `${name}${MOMENT}`, dtype: "BF16" as const, data: moment }])
  ]);
  return encodeTensorFile(arrays);
}

/**
 * Reads a file of `encodeSalience` but for the moments.
 *
 * @param check is given its metadata
 * @throws {InvalidInputError} it is damaged
 */
export async function readSalience(
  path: string,
  ifDamaged: string,
  check?: (metadata: Readonly<Record<string, string>>) => void
): Promise<SalienceFile> {
  const { arrays, metadata } = await readTensorFile(path, ifDamaged, (name) => !name.endsWith(MOMENT));
  check?.(metadata);
  const salience = new Map<string, LinearSalience>();
  for (const [key, data] of arrays) {
    if (!key.endsWith(".taylor")) continue;
    const name = key.slice(0, -".taylor".length);
    const fisher = arrays.get(`${name}.fisher`);
    const [feedback] = floatsOf(arrays.get(`${name}.feedback`) ?? new Uint8Array());
    if (fisher === undefined || feedback === undefined) continue;
    salience.set(name, { taylor: floatsOf(data), fisher: floatsOf(fisher), feedback });
  }
  const moments = (await arraySources(path)).filter(({ name }) => name.endsWith(MOMENT));
  const { equalization = NOT_EQUALIZED } = metadata;
  return {
    path,
    equalization,
    salience,
    moments: new Map(moments.map((each) => [each.name.slice(0, -MOMENT.length), each]))
  };
}

/**
 * Reads a user's salience file.
 *
 * @returns undefined when there is none yet
 * @throws {InvalidInputError} it is damaged, or holds salience of another model or calibration
 */
export async function loadSalience(file: string, origin: SalienceOrigin): Promise<SalienceFile | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  return readSalience(file, "Delete it to search again.", (metadata) => {
    for (const [key, expected] of Object.entries(origin)) {
      if (metadata[key] === expected) continue;
      throw new InvalidInputError(
        `${file} holds salience of another search: its ${key} is "${metadata[key] ?? ""}", this conversion's "${expected}"`,
        { fix: "Use the same model and calibration, name another file, or delete this one to search again." }
      );
    }
  });
}

/**
 * Writes all that some files hold as a user's salience file.
 *
 * @throws {MixLlmError} the file cannot be written
 */
export async function saveSalience(
  file: string,
  parts: readonly SalienceFile[],
  origin: SalienceOrigin & Pick<SalienceFile, "equalization">
): Promise<void> {
  const arrays = await Promise.all(parts.map(({ path }) => arraySources(path)));
  await writeTensorFile(file, arrays.flat(), { ...origin });
}
