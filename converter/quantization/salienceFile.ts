import { stat } from "node:fs/promises";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { InvalidInputError } from "../../common/errors.js";
import { encodeTensorFile, floatArray, floatsOf, readTensorFile } from "../checkpoint/tensorFile.js";
import type { LinearSalience } from "../MethodAddon.js";

/** Salience of linears' output channels, by GGUF name of the weight. */
export type Salience = ReadonlyMap<string, LinearSalience>;

/** What salience was found on: the model, as its weights' SHA-256, and the calibration. */
export interface SalienceOrigin {
  readonly source: string;
  readonly calibration: string;
}

/**
 * Encodes salience as a safetensors file: arrays `NAME.taylor` and `NAME.fisher` of one float an output channel, and
 * `NAME.feedback` of one float.
 */
export function encodeSalience(salience: Salience, origin?: SalienceOrigin): Uint8Array {
  const arrays = [...salience].flatMap(([name, { taylor, fisher, feedback }]) => [
    floatArray(`${name}.taylor`, taylor),
    floatArray(`${name}.fisher`, fisher),
    floatArray(`${name}.feedback`, Float32Array.of(feedback))
  ]);
  return encodeTensorFile(arrays, { ...origin });
}

/** The salience in the arrays of a file of `encodeSalience`. */
export function decodeSalience(arrays: ReadonlyMap<string, Uint8Array>): Salience {
  const salience = new Map<string, LinearSalience>();
  for (const [key, data] of arrays) {
    if (!key.endsWith(".taylor")) continue;
    const name = key.slice(0, -".taylor".length);
    const fisher = arrays.get(`${name}.fisher`);
    const [feedback] = floatsOf(arrays.get(`${name}.feedback`) ?? new Uint8Array());
    if (fisher === undefined || feedback === undefined) continue;
    salience.set(name, { taylor: floatsOf(data), fisher: floatsOf(fisher), feedback });
  }
  return salience;
}

/**
 * Reads a user's salience file.
 *
 * @returns undefined when there is none yet
 * @throws {InvalidInputError} it is damaged, or holds salience of another model or calibration
 */
export async function loadSalience(file: string, origin: SalienceOrigin): Promise<Salience | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  const { arrays, metadata } = await readTensorFile(file, "Delete it to search again.");
  for (const [key, expected] of Object.entries(origin)) {
    if (metadata[key] === expected) continue;
    throw new InvalidInputError(
      `${file} holds salience of another search: its ${key} is "${metadata[key] ?? ""}", this conversion's "${expected}"`,
      { fix: "Use the same model and calibration, name another file, or delete this one to search again." }
    );
  }
  return decodeSalience(arrays);
}

/** @throws {MixLlmError} the file cannot be written */
export async function saveSalience(file: string, salience: Salience, origin: SalienceOrigin): Promise<void> {
  await writeWholeFile(file, encodeSalience(salience, origin));
}
