import ora, { type Ora } from "ora";
import { formatDuration } from "./format.js";

/** How often, at most, a line is printed where the terminal cannot be redrawn (CI logs, pipes). */
const PLAIN_LINE_INTERVAL_MS = 5000;

/**
 * One running task shown on stderr: what it does, how far it is, and how long it will still take.
 *
 * On a terminal the line is redrawn in place; elsewhere a plain line appears every few seconds, as long as there is something
 * new to say. Nothing goes to stdout, which belongs to the command's result.
 */
export class Progress {
  readonly #label: string;
  readonly #spinner: Ora | undefined;
  #startedAt = performance.now();
  #fraction: number | undefined;
  #detail: string | undefined;
  #lastPlainLineAt = this.#startedAt;
  #nextPlainLine: NodeJS.Timeout | undefined;

  /** @param options.quiet show nothing at all, for callers that asked for silence. */
  constructor(label: string, options: { quiet?: boolean } = {}) {
    this.#label = label;
    if (options.quiet === true) return;
    this.#spinner = ora({ text: label, stream: process.stderr, discardStdin: false });
    if (canRedraw()) this.#spinner.start();
  }

  /** Begins to count time anew, after a wait that tells nothing about the task's own pace. */
  restart(): void {
    this.#startedAt = performance.now();
  }

  /**
   * @param fraction how much is done, 0 to 1; undefined where that cannot be told
   * @param detail what is being worked on right now, such as a tensor's name
   */
  update(fraction: number | undefined, detail?: string): void {
    if (this.#spinner === undefined) return;
    this.#fraction = fraction;
    this.#detail = detail;
    if (canRedraw()) this.#spinner.text = this.#text();
    else {
      const wait = this.#lastPlainLineAt + PLAIN_LINE_INTERVAL_MS - performance.now();
      if (wait <= 0) this.#printPlainLine();
      // Else a step that takes long would leave the line of the one before standing.
      else this.#nextPlainLine ??= setTimeout(() => this.#printPlainLine(), wait).unref();
    }
  }

  /** Prints a line that stays, above the one that shows how far the task is. */
  print(line: string): void {
    if (this.#spinner === undefined) return;
    if (canRedraw()) this.#spinner.clear();
    process.stderr.write(`${line}\n`);
    if (canRedraw()) this.#spinner.render();
  }

  /** Ends the line as done; `summary` replaces the label. */
  succeed(summary?: string): void {
    clearTimeout(this.#nextPlainLine);
    const text = `${summary ?? this.#label} (${formatDuration(performance.now() - this.#startedAt)})`;
    if (this.#spinner === undefined) return;
    if (canRedraw()) this.#spinner.succeed(text);
    else process.stderr.write(`${text}\n`);
  }

  /** Ends the line as failed; the error itself is reported by whoever catches it. */
  fail(): void {
    clearTimeout(this.#nextPlainLine);
    if (canRedraw()) this.#spinner?.fail(this.#label);
  }

  #printPlainLine(): void {
    clearTimeout(this.#nextPlainLine);
    this.#nextPlainLine = undefined;
    this.#lastPlainLineAt = performance.now();
    process.stderr.write(`${this.#text()}\n`);
  }

  #text(): string {
    const fraction = this.#fraction;
    const elapsed = performance.now() - this.#startedAt;
    const remaining = fraction !== undefined && fraction > 0 ? (elapsed / fraction) * (1 - fraction) : undefined;
    const parts = [
      this.#label,
      fraction === undefined ? undefined : `${Math.floor(fraction * 100)}%`,
      remaining === undefined ? undefined : `${formatDuration(remaining)} left`,
      this.#detail
    ];
    return parts.filter((part) => part !== undefined).join(" · ");
  }
}

/** A pseudo-terminal may say it has no columns at all; redrawing there would never end. */
function canRedraw(): boolean {
  return process.stderr.isTTY && process.stderr.columns > 0;
}
