import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { CALIBRATION_TOKENS } from "../checkpoint/WorkDirectory.js";
import type { ModelGraph } from "../MethodAddon.js";
import type { SourceModel } from "../model/SourceModel.js";
import type { CalibrationOptions } from "./calibrationSamples.js";
import type { Sought } from "./estimateWork.js";
import { momentBytes } from "./outputMoment.js";
import { fewerCount } from "./planBatches.js";

/** Bytes that a conversion will add to its work directory at most. */
export interface WorkSpace {
  /** The model as F16, while samples are drawn from it, before any step. */
  readonly copy: number;
  /** All that finished steps and the one at work have on disk at one time. */
  readonly steps: number;
  /** What the search keeps of loss gradients at linears' outputs; part of `steps`. */
  readonly moments: number;
}

/**
 * What a conversion's work directory will take, beyond what is in it already.
 *
 * @param use.sought what the search by the loss is for: salience keeps every layer's input
 * @param use.equalizes whether activations are equalized; this and moments alone keep every layer's input of fewer samples
 * @param use.packedBytes bytes of all mixed weights when GPTQ packs them, layer by layer; else undefined
 */
export async function workSpace(
  model: SourceModel,
  graph: ModelGraph,
  { files, samples, sequenceLength, workDirectory }: CalibrationOptions,
  use: { readonly sought: Sought | undefined; readonly equalizes: boolean; readonly packedBytes: number | undefined }
): Promise<WorkSpace> {
  const bytesOf = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + 4 * samples * (graph.values[value]?.floats ?? 0), 0);
  /** What a section passes on, at most. */
  const passed = Math.max(...graph.sections.map(({ outputs }) => bytesOf(outputs)));
  const linears = new Map(
    graph.weights.map(({ name, use: how, inputsPerToken }) => [
      name,
      how === "product" ? 1 : how === "experts" ? inputsPerToken : 0
    ])
  );
  const widest = Math.max(0, ...model.tensors.map(({ spec, columns }) => (linears.get(spec.target) ?? 0) * columns));
  const hasExperts = graph.weights.some(({ use: how }) => how === "experts");
  const all = bytesOf([...graph.values.keys()]);
  const inputs = use.sought === "salience" ? all : 2 * passed;
  const fewer = fewerCount(samples, sequenceLength);
  const isServed = use.sought === "salience" && fewer === samples; // by what is there of all
  const few = (use.equalizes || use.sought === "moments") && !isServed ? (all * fewer) / samples : 0;
  const gradients = 2 * passed;
  // Two quantized streams; between a section's linears two residual streams and the widest of their inputs; and what the
  // float model has in their places.
  const widestBytes = 4 * samples * sequenceLength * widest;
  // Experts' inputs are there once more, to be read expert by expert, and what is missing to their sum.
  const streams = 7 * passed + widestBytes + (hasExperts ? passed + widestBytes : 0);
  const outputs = new Map(graph.weights.map(({ name, use: how }) => [name, how === "product" && name !== graph.head]));
  const moments =
    use.sought === undefined
      ? 0
      : model.tensors.reduce((sum, { spec, rows }) => sum + (outputs.get(spec.target) ? momentBytes(rows) : 0), 0);
  // Inputs go as packed layers come.
  const searching = few + (use.sought === undefined ? 0 : inputs + gradients + moments);
  const packing =
    use.packedBytes === undefined ? 0 : few + Math.max(inputs, 2 * passed + use.packedBytes) + streams + moments;

  const present = await fileSizes(workDirectory);
  const parameters = model.tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  return {
    copy: files.length > 0 || present.has(CALIBRATION_TOKENS) ? 0 : 2 * parameters,
    steps: Math.max(0, Math.max(searching, packing) - [...present.values()].reduce((sum, size) => sum + size, 0)),
    moments
  };
}

/** Bytes of a folder's files by name; of none where there is no folder. */
async function fileSizes(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await readdir(folder).catch(() => [])) {
    const status = await stat(path.join(folder, name)).catch(() => undefined); // gone meanwhile
    if (status?.isFile() === true) sizes.set(name, status.size);
  }
  return sizes;
}
