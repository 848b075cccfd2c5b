/** Reads how far a build is from one line of Make (`[ 42%]`) or Ninja (`[12/300]`); 0 to 1, or `undefined` for other lines. */
export function parseBuildProgress(line: string): number | undefined {
  const percent = /^\[\s*(\d{1,3})%\]/.exec(line);
  if (percent?.[1] !== undefined) return Math.min(1, Number(percent[1]) / 100);
  const steps = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (steps?.[1] === undefined || steps[2] === undefined || Number(steps[2]) === 0) return undefined;
  return Math.min(1, Number(steps[1]) / Number(steps[2]));
}
