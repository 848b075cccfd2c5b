import type { LayerShape } from "../MethodAddon.js";

/** Tokens beyond which a larger batch makes matrix products no faster. */
const USEFUL_TOKENS = 8192;

/** Tokens whose products the native side sums in float; batches are whole sums (`Calibration::samples_per_sum`). */
const SUM_TOKENS = 2048;

/**
 * How many samples pass through a layer together within a memory limit.
 *
 * @param memory bytes for the layer and its activations
 */
export function batchSamples(shape: LayerShape, length: number, memory: number): number {
  const { hidden, heads, kvHeads, headLength, feedForward } = shape;
  const step = Math.max(1, Math.floor(SUM_TOKENS / length));
  const query = heads * headLength;
  const key = kvHeads * headLength;
  const linears = 2 * hidden * (query + key) + 3 * hidden * feedForward;

  // The backward pass is the largest: weights, their transposes and rounding errors as floats, and per token every
  // linear's input, output, gradient and output error, beside three matrices of attention scores.
  const weights = 4 * 3 * linears;
  const perToken = 12 * hidden + 8 * query + 12 * key + 10 * feedForward + 4 * heads * length;
  const fitting = Math.floor((memory - weights) / (4 * perToken * length));
  const useful = Math.floor(USEFUL_TOKENS / length);
  return Math.max(step, step * Math.floor(Math.min(fitting, useful) / step));
}
