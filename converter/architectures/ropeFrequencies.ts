import type { RopeScaling } from "./RopeParameters.js";

const round = Math.fround;

/** How PyTorch divides a number by a float32 tensor: by multiplying with the rounded reciprocal. */
function divide(numerator: number, denominator: number): number {
  return round(round(1 / denominator) * round(numerator));
}

/**
 * The `rope_freqs` tensor of a Llama 3.1 model: what each rotary frequency is divided by.
 *
 * Wavelengths well inside the original context stay, those beyond it are stretched by `factor`, and those between are
 * blended. Every step is rounded to float32 as PyTorch rounds it, so that the bytes equal a stock conversion's.
 *
 * @param headLength rotated dimensions of a head
 * @returns `headLength / 2` divisors
 */
export function ropeFrequencies(
  theta: number,
  scaling: RopeScaling & { type: "llama3" },
  headLength: number
): Float32Array {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = scaling;
  const lowFrequencyWavelength = originalContextLength / lowFrequencyFactor;
  const highFrequencyWavelength = originalContextLength / highFrequencyFactor;

  return Float32Array.from({ length: headLength / 2 }, (_, i) => {
    const frequency = divide(1, round(Math.pow(theta, round((2 * i) / headLength))));
    const wavelength = divide(2 * Math.PI, frequency);
    if (wavelength < highFrequencyWavelength) return 1;
    if (wavelength > lowFrequencyWavelength) return factor;
    const span = highFrequencyFactor - lowFrequencyFactor;
    const smooth = round(round(divide(originalContextLength, wavelength) - lowFrequencyFactor) / span);
    return divide(1, round(round(round(1 - smooth) / factor) + smooth));
  });
}
