import { stat } from "node:fs/promises";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { InvalidInputError } from "../../common/errors.js";
import { CalibrationSession } from "../calibration/CalibrationSession.js";
import { nativeStep } from "../calibration/nativeStep.js";
import { requireSession } from "../calibration/requireSession.js";
import { encodeTensorFile, type StoredArray } from "../checkpoint/encodeTensorFile.js";
import { readTensorFile } from "../checkpoint/readTensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { LinearSalience } from "../MethodAddon.js";
import type { ScoredWeight } from "../plan/chooseChannels.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { ChannelSearch } from "./ChannelSearch.js";
import type { Ranking } from "./Ranking.js";

/** By GGUF name of the weight. */
type Salience = ReadonlyMap<string, LinearSalience>;

/**
 * The paper's search: ranks output channels by the change of the model's loss when one alone is quantized to 4 bits.
 *
 * One forward and one backward pass over the calibration samples, a decoder layer at a time.
 *
 * @param ranking which of the two measures decides
 * @param file where the salience is kept for later conversions, and taken from if it is there
 */
export function globalSearch(ranking: Ranking, file: string | undefined): ChannelSearch {
  return {
    name: "global",

    async score(weights, context) {
      const session = requireSession(context);
      const saved = file === undefined ? undefined : await loadSalience(file, session);
      const salience = saved ?? (await search(session, context));
      if (file !== undefined && saved === undefined) {
        await writeWholeFile(file, encodeTensorFile(toArrays(salience), identity(session)));
      }
      return weights.map((weight) => scores(weight, salience, ranking, file));
    }
  };
}

function scores(
  { target, tensor }: PlannedMixedWeight,
  salience: Salience,
  ranking: Ranking,
  file: string | undefined
): ScoredWeight {
  const linear = salience.get(target);
  if (linear === undefined || linear.taylor.length !== tensor.rows || linear.fisher.length !== tensor.rows) {
    throw new InvalidInputError(
      `${file ?? "the search"} has no salience for the ${tensor.rows} channels of ${target}`,
      {
        fix: "Delete the file to search again."
      }
    );
  }
  // Fisher salience is of a squared error, so dividing by the row's length ranks by gain per byte.
  const score = ranking === "taylor" ? linear.taylor : linear.fisher.map((value) => value / tensor.columns);
  return { target, scores: Float64Array.from(score) };
}

async function search(session: CalibrationSession, { addon, signal, progress }: ConversionContext): Promise<Salience> {
  const { work, layers } = session;
  const done = (layer: number): string => `salience.${layer}.safetensors`;
  const gradient = (layer: number): string => `gradient.${layer}.f32`;
  const step = async (finished: number, detail: string, run: () => Promise<unknown>): Promise<void> => {
    signal.throwIfAborted();
    // A backward pass costs about three forward passes.
    progress(finished / (4 * layers), detail);
    await nativeStep(detail, run());
  };

  if (!(await work.has(done(0)))) {
    await step(0, "embedding the calibration samples", () => session.embed());
    for (let layer = 0; layer < layers; layer++) {
      const output = CalibrationSession.input(layer + 1);
      if (await work.has(output)) continue;
      await step(layer, `the forward pass of layer ${layer}`, async () =>
        addon.forwardLayer(await session.layer(layer), work.file(CalibrationSession.input(layer)), work.file(output))
      );
    }
    if (!(await work.has(done(layers - 1))) && !(await work.has(gradient(layers)))) {
      await step(layers, "the loss at the output head", () =>
        session.loss(CalibrationSession.input(layers), gradient(layers))
      );
    }
    for (let layer = layers - 1; layer >= 0; layer--) {
      if (await work.has(done(layer))) continue;
      await step(layers + 3 * (layers - 1 - layer), `the backward pass of layer ${layer}`, async () => {
        const found = await addon.backwardLayer(
          await session.layer(layer),
          work.file(CalibrationSession.input(layer)),
          work.file(gradient(layer + 1)),
          work.file(gradient(layer))
        );
        const named = new Map(Object.entries(found).map(([name, value]) => [`blk.${layer}.${name}`, value]));
        await work.write(done(layer), encodeTensorFile(toArrays(named)));
      });
      await work.remove(gradient(layer + 1));
    }
    await work.remove(gradient(0));
  }

  const salience = new Map<string, LinearSalience>();
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, value] of fromArrays((await readTensorFile(work.file(done(layer)))).arrays)) {
      salience.set(name, value);
    }
  }
  return salience;
}

async function loadSalience(file: string, session: CalibrationSession): Promise<Salience | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  const { arrays, metadata } = await readTensorFile(file);
  for (const [key, expected] of Object.entries(identity(session))) {
    if (metadata[key] === expected) continue;
    throw new InvalidInputError(
      `${file} holds salience of another search: its ${key} is "${metadata[key] ?? ""}", this conversion's "${expected}"`,
      { fix: "Use the same model and calibration, name another file, or delete this one to search again." }
    );
  }
  return fromArrays(arrays);
}

function identity({ source, description }: CalibrationSession): Record<string, string> {
  return { source, calibration: description };
}

function toArrays(salience: Salience): StoredArray[] {
  return [...salience].flatMap(([name, { taylor, fisher }]) => [
    { name: `${name}.taylor`, dtype: "F32", data: bytesOf(taylor) } as const,
    { name: `${name}.fisher`, dtype: "F32", data: bytesOf(fisher) } as const
  ]);
}

function fromArrays(arrays: ReadonlyMap<string, Uint8Array>): Salience {
  const salience = new Map<string, LinearSalience>();
  for (const [key, data] of arrays) {
    if (!key.endsWith(".taylor")) continue;
    const name = key.slice(0, -".taylor".length);
    const fisher = arrays.get(`${name}.fisher`);
    if (fisher !== undefined) salience.set(name, { taylor: floatsOf(data), fisher: floatsOf(fisher) });
  }
  return salience;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
