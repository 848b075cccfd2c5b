import { integerOption } from "./integerOption.js";

/** A commander parser for whole numbers of at least `least`, separated by commas. */
export function integerListOption(least: number): (text: string) => number[] {
  const parse = integerOption(least);
  return (text) => text.split(",").map(parse);
}
