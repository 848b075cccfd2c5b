import type { LayerShape } from "../MethodAddon.js";

/** Tokens beyond which a larger batch makes matrix products no faster. */
const USEFUL_TOKENS = 8192;

/** Tokens whose products the native side sums in float; batches are whole sums (`Calibration::samples_per_sum`). */
const SUM_TOKENS = 2048;

/** How samples pass through a layer. */
export interface BatchPlan {
  readonly batchSamples: number;
  /** About what a layer and one batch of activations take. */
  readonly bytes: number;
}

/**
 * How many samples pass through a layer together within a memory limit, but at least one sum's.
 *
 * @param memory bytes for the layer and its activations
 */
export function planBatches(shape: LayerShape, length: number, memory: number): BatchPlan {
  const { hidden, heads, kvHeads, headLength, feedForward } = shape;
  const step = Math.max(1, Math.floor(SUM_TOKENS / length));
  const query = heads * headLength;
  const key = kvHeads * headLength;
  const linears = 2 * hidden * (query + key) + 3 * hidden * feedForward;

  // The backward pass is the largest: weights as read, and as floats with their transposes and rounding errors; per token
  // every linear's input, output, gradient and output error, beside three matrices of attention scores.
  const weights = (2 + 4 * 3) * linears + 4 * 2 * hidden * feedForward;
  const perSample = 4 * length * (12 * hidden + 8 * query + 12 * key + 10 * feedForward + 4 * heads * length);
  const fitting = Math.floor((memory - weights) / perSample);
  const useful = Math.floor(USEFUL_TOKENS / length);
  const batchSamples = Math.max(step, step * Math.floor(Math.min(fitting, useful) / step));
  return { batchSamples, bytes: weights + batchSamples * perSample };
}
