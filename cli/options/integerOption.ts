import { InvalidArgumentError } from "commander";

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
