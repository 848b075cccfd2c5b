import { availableParallelism } from "node:os";
import { InvalidInputError } from "../../common/errors.js";
import type { BenchAddon } from "../BenchAddon.js";
import { assertGgufFile, readText } from "../inputs.js";
import { finishJob } from "../../common/nativeJob.js";
import { type QualityFigures, summarizeScores } from "./QualityFigures.js";

export interface QualityOptions {
  /** Path of a GGUF model. */
  model: string;
  /** Path of the GGUF to compare with: the same model before quantization, with the same vocabulary. */
  reference?: string;
  /** Path of the text, UTF-8. */
  text: string;
  /** Tokens a chunk; the second half of each chunk is scored. 512 unless given, at least 8. */
  context?: number;
  /** How many chunks at most; the whole text unless given. */
  chunks?: number;
  /** All that the machine offers unless given. */
  threads?: number;
  /** Layers of each model to put on the devices that the addon was loaded with; none unless given. */
  gpuLayers?: number;
  onProgress?: (done: number, total: number, perplexity: number) => void;
  /** Called when the context is longer than the model was trained on. */
  onLongContext?: (trainedContext: number) => void;
  signal?: AbortSignal;
}

/** A smaller chunk scores so few tokens that no error can be estimated. */
const SHORTEST_CONTEXT = 8;

/**
 * Measures perplexity by the protocol of llama.cpp's perplexity tool (tokens, BOS, chunks, scored half, batches), so that
 * the figure is the one it prints; with a reference also KL divergence, top-1 agreement and the change in probability,
 * from full-precision logits of both models run side by side.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} a file that is missing, unreadable or not a GGUF llama.cpp can load; a text shorter than one
 *   context; vocabularies that differ
 * @throws the reason of `signal` when it aborts
 */
export async function measureQuality(
  loadAddon: () => Promise<BenchAddon>,
  options: QualityOptions
): Promise<QualityFigures> {
  const { model, reference, context = 512, chunks, threads = availableParallelism(), gpuLayers = 0 } = options;
  if (context < SHORTEST_CONTEXT) {
    throw new InvalidInputError(
      `a context of ${context} tokens is too short to measure on; ${SHORTEST_CONTEXT} is the least`
    );
  }
  await assertGgufFile(model);
  if (reference !== undefined) await assertGgufFile(reference);
  const text = await readText(options.text);

  const addon = await loadAddon();
  const job = addon.measureQuality(
    {
      model,
      ...(reference === undefined ? {} : { reference }),
      text,
      context,
      chunks: chunks ?? 0,
      threads,
      gpuLayers
    },
    options.onProgress
  );
  const measured = await finishJob(job, options.signal);
  if (context > measured.trainedContext) options.onLongContext?.(measured.trainedContext);

  const { comparison, ...figures } = summarizeScores(measured);
  return {
    model,
    ...figures,
    chunks: measured.chunks,
    context,
    ...(comparison === undefined || reference === undefined ? {} : { comparison: { reference, ...comparison } })
  };
}
