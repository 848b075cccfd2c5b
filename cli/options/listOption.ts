import { Option } from "commander";

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
