import { InvalidArgumentError } from "commander";

/** A commander parser for a file or folder to write; an empty one is mostly a shell variable that was never set. */
export function pathOption(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a path and got an empty text");
  return text;
}
