import type { DecoderConfig } from "../architectures/decoder.js";
import { yarnMagnitude, type RopeParameters } from "../architectures/rope.js";
import type { LayerShape, RopeShape } from "../MethodAddon.js";

/** llama.cpp's values for the architectures that can be calibrated, which read no others. */
const YARN_BETA_FAST = 32;
const YARN_BETA_SLOW = 1;

/**
 * The shape of a model's decoder layers, for the native side.
 *
 * @param interleaved whether query and key rows are stored in llama.cpp's interleaved rotary order
 */
export function layerShape(decoder: DecoderConfig, interleaved: boolean): LayerShape {
  return {
    hidden: decoder.embeddingLength,
    heads: decoder.headCount,
    kvHeads: decoder.headCountKv,
    headLength: decoder.headLength,
    feedForward: decoder.feedForwardLength,
    normEpsilon: decoder.rmsNormEpsilon,
    rope: ropeShape(decoder.rope, !interleaved)
  };
}

function ropeShape({ theta, scaling, attentionFactor }: RopeParameters, neox: boolean): RopeShape {
  const plain = {
    base: theta,
    frequencyScale: 1,
    extrapolation: 0,
    attentionFactor,
    betaFast: YARN_BETA_FAST,
    betaSlow: YARN_BETA_SLOW,
    originalContext: 0,
    neox
  };
  switch (scaling.type) {
    case "none":
    case "llama3": // its divisors come as the tensor rope_freqs
      return plain;
    case "linear":
      return { ...plain, frequencyScale: 1 / scaling.factor };
    case "yarn":
      return {
        ...plain,
        frequencyScale: 1 / scaling.factor,
        extrapolation: 1,
        // ggml multiplies by 1 + 0.1 ln(factor) itself.
        attentionFactor: (attentionFactor * yarnMagnitude(scaling.factor)) / (1 + 0.1 * Math.log(scaling.factor)),
        originalContext: scaling.originalContextLength
      };
  }
}
