import { InvalidArgumentError, Option } from "commander";

/** A commander parser for numbers from `least` to `most`, fractions included. */
export function numberOption(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
    }
    return value;
  };
}

/** A commander parser for whole numbers from `least` to `most`, which unless given is what 32 bits hold. */
export function integerOption(least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** A commander parser for a percentage, 0 to 100. */
export const percentOption = numberOption(0, 100);

/** More tokens than any model's context holds, and few enough to be counted together in 32 bits. */
export const MAX_TOKENS = 2 ** 24;

/** More rounds than make a median any better. */
export const MAX_ROUNDS = 10_000;

/** More samples than any calibration is better for. */
export const MAX_SAMPLES = 1_000_000;

/**
 * A commander parser for average bits of the decoder's linear weights: with scales and channel numbers, 8-bit channels
 * of all but the very shortest rows take less than 9.
 */
export const bitsPerWeightOption = numberOption(4, 9);

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A commander parser for a number of bytes, more than 0, in powers of 1024: `4.5G`, `800M`, `800MiB`. */
export function bytesOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ""] ?? NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError("expected a size such as 4.5G or 800M");
  return Math.round(bytes);
}

/** A commander parser for a file or folder to write; an empty one is mostly a shell variable that was never set. */
export function pathOption(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a path and got an empty text");
  return text;
}

/**
 * An option that takes a list, separated by commas.
 *
 * @param parse a commander parser of one element
 * @param initial the default as a user would write it, and as `--help` shows it
 */
export function listOption<T>(
  flags: string,
  description: string,
  parse: (text: string) => T,
  initial?: string
): Option {
  const parseAll = (text: string): T[] => text.split(",").map(parse);
  const option = new Option(flags, description).argParser(parseAll);
  return initial === undefined ? option : option.default(parseAll(initial), initial);
}
