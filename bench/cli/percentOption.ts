import { InvalidArgumentError } from "commander";

/** A commander parser for a percentage, 0 to 100. */
export function percentOption(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 100)) {
    throw new InvalidArgumentError("expected a percentage from 0 to 100");
  }
  return value;
}
