import type { TokenScores } from "../BenchAddon.js";

/**
 * The definitions, written down once more in plain float64 for tests to hold the native code against.
 *
 * @param logits `[targets][vocabulary]`
 */
export function scoreTokensReference(
  logits: Float32Array,
  referenceLogits: Float32Array,
  targets: Int32Array
): Required<TokenScores> {
  const vocabulary = logits.length / targets.length;
  const scores = {
    negativeLogLikelihood: new Float64Array(targets.length),
    comparison: {
      referenceNegativeLogLikelihood: new Float64Array(targets.length),
      klDivergence: new Float64Array(targets.length),
      probabilityChange: new Float64Array(targets.length),
      sameTop: new Uint8Array(targets.length)
    }
  };
  targets.forEach((target, row) => {
    const p = softmax(logits.subarray(row * vocabulary, (row + 1) * vocabulary));
    const q = softmax(referenceLogits.subarray(row * vocabulary, (row + 1) * vocabulary));
    scores.negativeLogLikelihood[row] = -Math.log(p[target]!);
    scores.comparison.referenceNegativeLogLikelihood[row] = -Math.log(q[target]!);
    scores.comparison.klDivergence[row] = q.reduce((sum, value, i) => sum + value * Math.log(value / p[i]!), 0);
    scores.comparison.probabilityChange[row] = p[target]! - q[target]!;
    scores.comparison.sameTop[row] = p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q)) ? 1 : 0;
  });
  return scores;
}

function softmax(logits: Float32Array): number[] {
  const exponentials = Array.from(logits, (logit) => Math.exp(logit));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
