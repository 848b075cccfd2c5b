const LINES_AFTER_ERROR = 4;
const MAX_LINES = 12;
const MAX_LINE_LENGTH = 240;

/** How much of a complaint of CMake's is kept that goes on for long before it comes to the cause. */
const HEAD_LINES = 4;

/** What compilers, linkers, CMake, Git and the operating system begin their real complaint with. */
const ERROR =
  /\berror\b[: ]|fatal|\bld(\.\w+)?: |undefined reference|multiple definition|CMake Error|No space left|out of memory|Killed/i;

/** Looks like a complaint and is none: a compiler's options, warnings, and CMake asking Git about sources that are no repository. */
const HARMLESS = /-Werror|\bwarning: |not a git repository/;

/** CMake's own progress, which comes by another stream and may stand between the lines of a complaint. */
const CMAKE_STATUS = /^(-- |See also )/;

/** Reads how far a build is from one line of Make (`[ 42%]`) or Ninja (`[12/300]`); 0 to 1, or `undefined` for other lines. */
export function parseBuildProgress(line: string): number | undefined {
  const percent = /^\[\s*(\d{1,3})%\]/.exec(line);
  if (percent?.[1] !== undefined) return Math.min(1, Number(percent[1]) / 100);
  const steps = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (steps?.[1] === undefined || steps[2] === undefined || Number(steps[2]) === 0) return undefined;
  return Math.min(1, Number(steps[1]) / Number(steps[2]));
}

/**
 * Picks the lines of a failed build's output that say why it failed: the first complaint with the lines that follow it, or the
 * end of the output when nothing looks like one.
 *
 * CMake quotes the output of what it tried, indented, in a complaint of its own. Where that is long, its beginning is kept and
 * the first complaint within it.
 */
export function summarizeBuildLog(output: string): string[] {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && parseBuildProgress(line.trimStart()) === undefined);
  const first = lines.findIndex(isComplaint);
  if (first === -1) return shortened(lines.slice(-MAX_LINES));
  const complaint = lines.slice(first).filter((line) => !CMAKE_STATUS.test(line));
  const block = complaint[0]!.startsWith("CMake Error") ? withIndented(complaint) : [];
  if (block.length <= LINES_AFTER_ERROR) return shortened(complaint.slice(0, 1 + LINES_AFTER_ERROR));
  const cause = block.findIndex((line, i) => i >= HEAD_LINES && isComplaint(line));
  if (block.length <= MAX_LINES || cause === -1) return shortened(block.slice(0, MAX_LINES));
  return shortened([...block.slice(0, HEAD_LINES), "  …", ...block.slice(cause, cause + MAX_LINES - HEAD_LINES - 1)]);
}

function isComplaint(line: string): boolean {
  return ERROR.test(line) && !HARMLESS.test(line);
}

/** The first line and the indented ones that follow it. */
function withIndented(lines: readonly string[]): readonly string[] {
  const end = lines.findIndex((line, i) => i > 0 && !/^\s/.test(line));
  return end === -1 ? lines : lines.slice(0, end);
}

function shortened(lines: readonly string[]): string[] {
  return lines.map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line));
}
