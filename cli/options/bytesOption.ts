import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A commander parser for a number of bytes, more than 0, in powers of 1024: `4.5G`, `800M`, `800MiB`. */
export function bytesOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ""] ?? NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError("expected a size such as 4.5G or 800M");
  return Math.round(bytes);
}
