import { planSpeedTests, type SpeedTestLengths } from "../speed/planSpeedTests.js";
import type { Contender } from "./Contender.js";

/** What work of a comparison does: pieces of one kind take times that their tokens compare. */
export type WorkKind = "convert" | "quality" | "start" | "imatrix" | "mixllm" | "stock" | "speed";

/** One piece of work of a comparison. */
export interface Work {
  kind: WorkKind;
  /** Tokens that a model could process instead, roughly; whatever is done takes time in proportion to the model's size. */
  tokens: number;
}

/** How often each model starts for its load time, first token and memory. */
export const STARTS = 3;

/** Bytes of text a token, roughly. */
const TOKEN_BYTES = 4;
const CALIBRATION_CHUNK = 512;

/**
 * What work other than processing a text takes, in tokens processed, as the demo model takes it on a CPU. It decides what is
 * expected only until the work has been done once.
 */
const COST = { convert: 1000, quantize: 2000, start: 1000, generatedToken: 16, calibrationToken: 7 };

/**
 * All work of a comparison that finds nothing finished.
 *
 * @param options.convertsSource whether the source has to be converted to F16 first
 * @param options.needsMatrix whether stock types get an importance matrix
 */
export function planWork(
  options: Required<SpeedTestLengths> & {
    convertsSource: boolean;
    needsMatrix: boolean;
    contenders: readonly Contender[];
    textBytes: number;
    context: number;
    chunks?: number;
    calibrationChunks: number;
    repeat: number;
  }
): Work[] {
  const { contenders, calibrationChunks, repeat } = options;
  const textTokens = Math.min(options.textBytes / TOKEN_BYTES, (options.chunks ?? Infinity) * options.context);
  const calibrationTokens = calibrationChunks * CALIBRATION_CHUNK;
  const measuring = (models: number): Work[] => [
    { kind: "quality", tokens: models * textTokens },
    ...Array.from({ length: STARTS }, (): Work => ({ kind: "start", tokens: COST.start }))
  ];
  const making = (contender: Contender): Work[] => {
    switch (contender.kind) {
      case "mixllm":
        return [{ kind: "mixllm", tokens: COST.calibrationToken * calibrationTokens }];
      case "stock":
        return [{ kind: "stock", tokens: COST.quantize }];
      case "file":
        return [];
    }
  };
  const tests = planSpeedTests(options);
  const timed = tests.map(({ generation, tokens, depth }) => depth + tokens * (generation ? COST.generatedToken : 1));
  const speed = (contenders.length + 1) * (repeat + 1) * timed.reduce((sum, tokens) => sum + tokens, 0);
  return [
    ...(options.convertsSource ? [{ kind: "convert", tokens: COST.convert } as const] : []),
    ...measuring(1),
    ...(options.needsMatrix ? [{ kind: "imatrix", tokens: calibrationTokens } as const] : []),
    // Quality is that of two models, the contender's and the reference's.
    ...contenders.flatMap((contender) => [...making(contender), ...measuring(2)]),
    ...(speed > 0 ? [{ kind: "speed", tokens: speed } as const] : [])
  ];
}
