/** Reads how far a build is from one line of Make (`[ 42%]`) or Ninja (`[12/300]`); 0 to 1, or `undefined` for other lines. */
export function parseBuildProgress(line: string): number | undefined {
  const percent = /^\[\s*(\d{1,3})%\]/.exec(line);
  if (percent?.[1] !== undefined) return Math.min(1, Number(percent[1]) / 100);
  const steps = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (steps?.[1] === undefined || steps[2] === undefined || Number(steps[2]) === 0) return undefined;
  return Math.min(1, Number(steps[1]) / Number(steps[2]));
}

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
