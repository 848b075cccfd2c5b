import { Option } from "commander";

/** An option that takes a list, with a default that `--help` shows as a user would write it. */
export function listOption<T>(
  flags: string,
  description: string,
  parse: (text: string) => T[],
  initial: string
): Option {
  return new Option(flags, description).argParser(parse).default(parse(initial), initial);
}
