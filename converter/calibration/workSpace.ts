import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { CALIBRATION_TOKENS } from "../checkpoint/WorkDirectory.js";
import type { SourceModel } from "../model/SourceModel.js";
import type { CalibrationOptions } from "./calibrationSamples.js";
import { layerShape } from "./layerShape.js";

/** Bytes that a conversion will add to its work directory at most. */
export interface WorkSpace {
  /** The model as F16, while samples are drawn from it, before any step. */
  readonly copy: number;
  /** All that finished steps and the one at work have on disk at one time. */
  readonly steps: number;
}

/**
 * What a conversion's work directory will take, beyond what is in it already.
 *
 * @param use.searches whether the global search runs, which keeps every layer's input
 * @param use.packedBytes bytes of all mixed weights when GPTQ packs them, layer by layer; else undefined
 */
export async function workSpace(
  model: SourceModel,
  { files, samples, sequenceLength, workDirectory }: CalibrationOptions,
  use: { readonly searches: boolean; readonly packedBytes: number | undefined }
): Promise<WorkSpace> {
  const { hidden, heads, headLength, feedForward } = layerShape(model.decoder, model.interleavedRope);
  const features = 4 * samples * sequenceLength;
  const inputs = (use.searches ? model.decoder.blockCount + 1 : 2) * features * hidden;
  const gradients = 2 * features * hidden;
  // Two quantized streams, and between a layer's linears two residual streams and the widest of their inputs.
  const streams = features * (4 * hidden + Math.max(feedForward, heads * headLength));
  // Inputs go as packed layers come.
  const searching = use.searches ? inputs + gradients : 0;
  const packing =
    use.packedBytes === undefined ? 0 : Math.max(inputs, 2 * features * hidden + use.packedBytes) + streams;

  const present = await fileSizes(workDirectory);
  const parameters = model.tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  return {
    copy: files.length > 0 || present.has(CALIBRATION_TOKENS) ? 0 : 2 * parameters,
    steps: Math.max(0, Math.max(searching, packing) - [...present.values()].reduce((sum, size) => sum + size, 0))
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
