import { parseBuildProgress } from "./parseBuildProgress.js";

const LINES_AFTER_ERROR = 4;
const MAX_LINES = 12;
const MAX_LINE_LENGTH = 240;

/** What compilers, linkers, CMake, Git and the operating system begin their real complaint with. */
const ERROR =
  /\berror\b[: ]|fatal|undefined reference|multiple definition|CMake Error|No space left|out of memory|Killed|cannot find -l/i;

/** Looks like a complaint and is none: a compiler's options, and CMake asking Git about sources that are no repository. */
const HARMLESS = /-Werror|not a git repository/;

/**
 * Picks the lines of a failed build's output that say why it failed: the first complaint with the lines that follow it, or the
 * end of the output when nothing looks like one.
 */
export function summarizeBuildLog(output: string): string[] {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && parseBuildProgress(line) === undefined);
  const first = lines.findIndex((line) => ERROR.test(line) && !HARMLESS.test(line));
  const chosen = first === -1 ? lines.slice(-MAX_LINES) : lines.slice(first, first + 1 + LINES_AFTER_ERROR);
  return chosen.map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line));
}
