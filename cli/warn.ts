import { chalkStderr } from "chalk";
import { printable } from "./printable.js";

/** Prints a warning to stderr. */
export function warn(message: string): void {
  process.stderr.write(`${chalkStderr.yellow("warning:")} ${printable(message)}\n`);
}
