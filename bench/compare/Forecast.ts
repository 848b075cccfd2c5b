import type { Work, WorkKind } from "./planWork.js";

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
