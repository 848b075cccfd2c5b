import { planSpeedTests, type SpeedTestLengths } from "../speed/planSpeedTests.js";
import type { Contender } from "./CompareOptions.js";

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

/** How often the forecast is told anew while work says nothing of itself. */
const TICK_MS = 1000;

/** Share of its own work from which on a piece tells better than the ones before how long it takes. */
const TELLING = 0.05;

/** Share of the time it has taken that a piece is thought to take still, when it should have ended. */
const OVERDUE = 0.05;

/**
 * Tells how far a comparison is as the share of its time that has passed, so that the time left follows from it: pieces of
 * one kind take what the finished ones took, by their tokens, and the first of a kind what the others did.
 */
export class Forecast {
  readonly #pending: Work[];
  readonly #onProgress: (fraction: number, label: string) => void;
  readonly #startedAt = performance.now();
  readonly #finished = new Map<WorkKind, { tokens: number; milliseconds: number }>();
  #current: { work: Work; label: string; startedAt: number; done: number } | undefined;
  #told = 0;

  /** @param plan all that is to be done */
  constructor(plan: readonly Work[], onProgress: (fraction: number, label: string) => void) {
    this.#pending = [...plan];
    this.#onProgress = onProgress;
  }

  /** The next planned piece of a kind is due, be it to be done or only to be looked up. */
  next(kind: WorkKind, label: string): void {
    const index = this.#pending.findIndex((work) => work.kind === kind);
    const [work] = index < 0 ? [] : this.#pending.splice(index, 1);
    if (work === undefined) throw new Error(`no more work of the kind ${kind} is planned`);
    this.#current = { work, label, startedAt: performance.now(), done: 0 };
    this.#tell();
  }

  /** Does the piece that is due, and learns from the time that takes. */
  async time<T>(work: () => Promise<T>): Promise<T> {
    const ticks = setInterval(() => this.#tell(), TICK_MS);
    try {
      const result = await work();
      this.#learn();
      return result;
    } finally {
      clearInterval(ticks);
    }
  }

  /** @param done share of the current piece that is done, 0 to 1 */
  update(done: number): void {
    if (this.#current !== undefined) this.#current.done = done;
    this.#tell();
  }

  #learn(): void {
    if (this.#current === undefined) return;
    const { work, startedAt } = this.#current;
    const before = this.#finished.get(work.kind) ?? { tokens: 0, milliseconds: 0 };
    this.#finished.set(work.kind, {
      tokens: before.tokens + work.tokens,
      milliseconds: before.milliseconds + (performance.now() - startedAt)
    });
  }

  #tell(): void {
    if (this.#current === undefined) return;
    const passed = performance.now() - this.#startedAt;
    const left = this.#millisecondsLeft();
    const fraction = left === undefined || passed === 0 ? 0 : passed / (passed + left);
    // A piece that takes longer than thought must not seem to be undone.
    this.#told = Math.max(this.#told, fraction);
    this.#onProgress(this.#told, this.#current.label);
  }

  /** Undefined before anything tells how fast this machine is. */
  #millisecondsLeft(): number | undefined {
    if (this.#current === undefined) return undefined;
    const { work, startedAt, done } = this.#current;
    const passed = performance.now() - startedAt;
    const measured = new Map(this.#finished);
    if (done >= TELLING && !measured.has(work.kind)) {
      measured.set(work.kind, { tokens: work.tokens * done, milliseconds: passed });
    }
    if (measured.size === 0) return undefined;
    const all = { tokens: 0, milliseconds: 0 };
    for (const { tokens, milliseconds } of measured.values()) {
      all.tokens += tokens;
      all.milliseconds += milliseconds;
    }
    const expected = ({ kind, tokens }: Work): number => {
      const alike = measured.get(kind) ?? all;
      return (tokens * alike.milliseconds) / alike.tokens;
    };
    const current =
      done >= TELLING ? (passed * (1 - done)) / done : Math.max(expected(work) - passed, OVERDUE * passed);
    return this.#pending.reduce((total, pending) => total + expected(pending), current);
  }
}
