import type { ModelTensor } from "../model/SourceModel.js";
import type { ModelGraph } from "../MethodAddon.js";

/** Tokens beyond which a larger batch makes matrix products no faster. */
const USEFUL_TOKENS = 8192;

/** Tokens whose products the native side sums in float; batches are whole sums. */
const SUM_TOKENS = 2048;

/** Sequences that llama.cpp runs together at most. */
const MAX_SEQUENCES = 256;

/** How samples pass through a section. */
export interface BatchPlan {
  readonly batchSamples: number;
  /** About what a section and one batch of activations take. */
  readonly bytes: number;
}

/** Samples whose products the native side sums in float (`Calibration::samples_per_sum`). */
export function sumSamples(length: number): number {
  return Math.min(MAX_SEQUENCES, Math.max(1, Math.floor(SUM_TOKENS / length)));
}

/**
 * How many samples pass through a section together within a memory limit, but at least one sum's.
 *
 * @param samples how many there are, each of `length` tokens
 * @param memory bytes for the section and its activations
 */
export function planBatches(
  graph: ModelGraph,
  tensors: readonly ModelTensor[],
  { samples, length, memory }: { readonly samples: number; readonly length: number; readonly memory: number }
): BatchPlan {
  const stored = new Map(tensors.map(({ spec, stored: { byteLength } }) => [spec.target, byteLength]));
  const largest = (sizes: readonly number[]): number => Math.max(0, ...sizes);
  // The backward pass is the largest step: weights as read and as floats, with their transposes and rounding errors.
  const blocks = graph.sections.slice(0, -1);
  const weights = largest(
    blocks.map(({ weightBytes, weights: names }) =>
      names.reduce((sum, name) => sum + (stored.get(name) ?? 0), weightBytes)
    )
  );
  // What crosses is in memory beside the graph: values and gradients, once each.
  const perSample = largest(
    blocks.map(({ sampleBytes, inputs, outputs }) =>
      [...inputs, ...outputs].reduce((sum, value) => sum + 8 * (graph.values[value]?.floats ?? 0), sampleBytes)
    )
  );
  const step = sumSamples(length);
  const fitting = Math.floor((memory - weights) / perSample);
  const useful = Math.min(MAX_SEQUENCES, Math.floor(USEFUL_TOKENS / length));
  const batchSamples = Math.min(samples, Math.max(step, step * Math.floor(Math.min(fitting, useful) / step)));
  return { batchSamples, bytes: weights + batchSamples * perSample };
}
