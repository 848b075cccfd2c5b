const UNITS: readonly { readonly above: number; readonly scale: number; readonly suffix: string }[] = [
  { above: 1e12, scale: 1e-12, suffix: "T" },
  { above: 1e9, scale: 1e-9, suffix: "B" },
  { above: 1e6, scale: 1e-6, suffix: "M" },
  { above: -1, scale: 1e-3, suffix: "K" }
];

/** A parameter count with at least two digits: `778K`, `1.2B`, `70B`. */
export function sizeLabel(parameters: number): string {
  const { scale, suffix } = UNITS.find(({ above }) => parameters > above) as (typeof UNITS)[number];
  const scaled = parameters * scale;
  const wholeDigits = roundHalfEven(scaled) === 0 ? 0 : String(roundHalfEven(scaled)).length;
  const decimals = Math.max(0, 2 - wholeDigits);
  const power = 10 ** decimals;
  return `${(roundHalfEven(scaled * power) / power).toFixed(decimals)}${suffix}`;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
