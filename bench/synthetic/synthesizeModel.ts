import { availableParallelism } from "node:os";
import { InvalidInputError } from "../../common/errors.js";
import { assertCanWrite } from "../../common/files/destination.js";
import { withPartialFile } from "../../common/files/wholeFiles.js";
import type { BenchAddon } from "../BenchAddon.js";
import { finishJob } from "../../common/nativeJob.js";
import { syntheticShapes } from "./syntheticShapes.js";
import { SMALLEST_VOCABULARY, syntheticVocabulary } from "./syntheticVocabulary.js";

export interface SynthesizeOptions {
  /** A name of `syntheticShapes`. */
  shape: string;
  /** As many as the shape's model has unless given. */
  layers?: number;
  /** As large as the shape's model has unless given. */
  vocabulary?: number;
  /** Makes a MixLLM model with this share of 8-bit output channels in every linear, 0 to 100, instead of an F16 one. */
  percent8bit?: number;
  /** Leaves out what tensors hold: enough to plan a conversion of a model that no disk here would hold. */
  headerOnly?: boolean;
  /** Path of the GGUF to write. */
  output: string;
  force?: boolean;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes a model of a known shape with random weights: useless for text, as fast as a real one. The same options give the
 * same file on every machine.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} unknown shape, vocabulary too small, output that exists, too little room on the disk
 * @throws the reason of `signal` when it aborts
 */
export async function synthesizeModel(loadAddon: () => Promise<BenchAddon>, options: SynthesizeOptions): Promise<void> {
  const shape = syntheticShapes[options.shape];
  if (shape === undefined) {
    throw new InvalidInputError(
      `there is no shape ${options.shape}; known are ${Object.keys(syntheticShapes).join(", ")}`
    );
  }
  const { vocabulary = shape.vocabulary, layers = shape.dimensions.layers, percent8bit } = options;
  if (vocabulary < SMALLEST_VOCABULARY) {
    throw new InvalidInputError(`a vocabulary of ${vocabulary} tokens cannot hold all bytes, BOS and EOS`, {
      fix: `Give at least ${SMALLEST_VOCABULARY}.`
    });
  }
  const model = {
    ...shape,
    ...syntheticVocabulary(vocabulary),
    name: `Synthetic ${options.shape}, ${layers} layers`,
    dimensions: { ...shape.dimensions, layers },
    headerOnly: options.headerOnly === true,
    ...(percent8bit === undefined ? {} : { percent8bit })
  };
  await assertCanWrite(options.output, { overwrite: options.force === true });
  await withPartialFile(options.output, async (temporary) => {
    const addon = await loadAddon();
    const job = addon.writeSyntheticModel(model, temporary, availableParallelism(), options.onProgress);
    await finishJob(job, options.signal);
  });
}
