import type { ModelGraph } from "../MethodAddon.js";
import { mixedWeights, type PlannedTensor } from "../plan/PlannedTensor.js";
import { channelsTogether, ENOUGH_TOKENS, LEAST_MOMENT_STEP } from "./outputMoment.js";
import { fewerCount } from "./planBatches.js";

/** What a search by the loss looks for: which channels are worth 8 bits, or how they go together alone, of fewer samples. */
export type Sought = "salience" | "moments";

/** Samples, and which steps a conversion takes with them. */
export interface CalibrationWork {
  readonly samples: number;
  readonly length: number;
  /** The model writes its own samples. */
  readonly generates: boolean;
  /** What the search by the loss is for. */
  readonly sought: Sought | undefined;
  readonly equalizes: boolean;
  /** By GPTQ. */
  readonly quantizes: boolean;
}

/**
 * About how many multiply-adds the matrix products of a conversion's calibration take.
 *
 * The search passes the samples forward once and, at three times the cost, back, and sums over some of them a matrix of
 * `K x K` for each input and one of `N x n` for each weight, n up to 1024 output channels that go together. Where the latter
 * is all that is sought, it passes fewer forward and, at twice the cost, back. So does equalizing forward. GPTQ passes them
 * forward, sums two matrices of `K x K` over them for each input, and for each weight solves with one: `N x K x K` and
 * `K x K x K`, and with the other, `N x K x n / 2`. Of experts a token meets those that are chosen for it.
 */
export function estimateWork(
  graph: ModelGraph,
  plan: readonly PlannedTensor[],
  { samples, length, generates, sought, equalizes, quantizes }: CalibrationWork
): number {
  const met = new Map(graph.weights.map(({ name, expertsPerToken }) => [name, expertsPerToken]));
  const linears = mixedWeights(plan).map(({ target, experts, tensor }): Linear => ({
    name: target,
    experts,
    met: met.get(target) ?? 1,
    rows: tensor.rows / experts,
    columns: tensor.columns
  }));
  const layers = linears.reduce((sum, linear) => sum + linear.met * linear.rows * linear.columns, 0);
  const head = plan.find((planned) => planned.target === graph.head);
  const logits = head === undefined || head.treatment === "computed" ? 0 : head.tensor.rows * head.tensor.columns;

  const tokens = samples * length;
  const inputs = inputsOf(graph, linears);
  const inputSquares = inputs.reduce((sum, { columns, times }) => sum + times * columns ** 2, 0);
  const few = fewerCount(samples, length) / samples;
  const perToken =
    (generates ? layers + logits : 0) +
    (sought === "salience" ? 4 * layers + 3 * logits : 0) +
    (sought === "moments" ? few * (2 * layers + 3 * logits) : 0) +
    (sought === "moments" || equalizes ? few * layers : 0) +
    (equalizes ? few * EQUALIZING * layers : 0) +
    (quantizes ? layers + 2 * inputSquares : 0);
  const matrices = linears.filter(({ experts }) => experts === 1);
  const solves = quantizes
    ? linears.reduce((sum, { experts, rows, columns }) => sum + experts * columns ** 2 * (rows + columns), 0) +
      matrices.reduce((sum, { rows, columns }) => sum + (rows * columns * channelsTogether(rows)) / 2, 0)
    : 0;
  const feedback =
    sought === "salience"
      ? inputs.reduce(
          (sum, { columns, times }) => sum + columns ** 2 * Math.min(times * tokens, feedbackRows(columns)),
          0
        )
      : 0;
  const momentTokens = sought === "moments" ? few * tokens : Math.min(tokens / LEAST_MOMENT_STEP, ENOUGH_TOKENS);
  const moments =
    sought === undefined
      ? 0
      : matrices.reduce((sum, { rows }) => sum + rows * channelsTogether(rows) * momentTokens, 0);
  return tokens * perToken + feedback + moments + solves;
}

/** The rows of inputs that tell what error feedback leaves (`FeedbackShare`). */
const feedbackRows = (columns: number): number => Math.max(4096, columns);

/** What finding scales takes, in forward passes of fewer samples: products of some tokens with a few choices of scales. */
const EQUALIZING = 1;

interface Linear {
  readonly name: string;
  readonly experts: number;
  /** Experts that a token meets; 1 of a single matrix. */
  readonly met: number;
  /** Of one expert. */
  readonly rows: number;
  readonly columns: number;
}

/** All inputs and how many of each a token has; linears of a section that have as many input channels are taken to share one. */
function inputsOf(graph: ModelGraph, linears: readonly Linear[]): { columns: number; times: number }[] {
  return graph.sections.flatMap(({ weights }) => {
    const own = linears.filter(({ name }) => weights.includes(name));
    const inputs = new Map(own.map(({ columns, met }) => [columns, met]));
    return [...inputs].map(([columns, times]) => ({ columns, times }));
  });
}
