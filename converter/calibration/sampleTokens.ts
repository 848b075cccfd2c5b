import { InvalidInputError } from "../../common/errors.js";

/**
 * Cuts a text's tokens into consecutive samples, each led by BOS when the model has one.
 *
 * @param bos -1 for none
 * @returns `samples * length` tokens
 * @throws {InvalidInputError} the text is too short
 */
export function sampleTokens(tokens: Int32Array, bos: number, samples: number, length: number): Int32Array {
  const lead = bos >= 0 ? 1 : 0;
  const taken = length - lead;
  if (tokens.length < samples * taken) {
    throw new InvalidInputError(
      `the calibration text has ${tokens.length} tokens, but ${samples} samples of ${length} need ${samples * taken}`,
      { fix: "Give more text, or fewer --samples or a smaller --sequence-length." }
    );
  }
  const sampled = new Int32Array(samples * length).fill(bos);
  for (let sample = 0; sample < samples; sample++) {
    sampled.set(tokens.subarray(sample * taken, (sample + 1) * taken), sample * length + lead);
  }
  return sampled;
}
