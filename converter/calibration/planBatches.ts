import type { ModelTensor } from "../model/SourceModel.js";
import type { CalibrationBatches, ModelGraph } from "../MethodAddon.js";
import { momentStep } from "./outputMoment.js";

/** Tokens whose products the native side sums in float. */
const SUM_TOKENS = 2048;

/** Tokens that equalizing measures on (`equalize_section.cpp`). */
const EQUALIZED_TOKENS = 2048;

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
 * How many samples pass through a section together: one sum's. More make matrix products no faster, and what passes
 * between them falls out of the caches.
 *
 * @param samples how many there are, each of `length` tokens
 */
export function planBatches(
  graph: ModelGraph,
  tensors: readonly ModelTensor[],
  { samples, length }: { readonly samples: number; readonly length: number }
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
  const batchSamples = Math.min(samples, sumSamples(length));
  return { batchSamples, bytes: weights + batchSamples * perSample };
}

/** As many of the samples as equalizing takes, and as tell enough of how loss gradients go together if all their tokens count. */
export function fewerCount(samples: number, length: number): number {
  const enough = Math.max(EQUALIZED_TOKENS / length, samples / momentStep(samples * length));
  return Math.min(samples, Math.max(1, Math.floor(enough)));
}

/** So many samples, evenly spread. */
export function fewerSamples({ samples, length, tokens }: CalibrationBatches): CalibrationBatches {
  const count = fewerCount(samples, length);
  const spacing = Math.floor(samples / count);
  const few = new Int32Array(count * length);
  for (let i = 0; i < count; i++) {
    few.set(tokens.subarray(i * spacing * length, (i * spacing + 1) * length), i * length);
  }
  return { samples: count, length, tokens: few, batchSamples: Math.min(count, sumSamples(length)) };
}
