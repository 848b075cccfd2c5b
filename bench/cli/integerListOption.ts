import { integerOption } from "./integerOption.js";

/** A commander parser for whole numbers as `integerOption` takes them, separated by commas. */
export function integerListOption(least: number, most?: number): (text: string) => number[] {
  const parse = integerOption(least, most);
  return (text) => text.split(",").map(parse);
}
