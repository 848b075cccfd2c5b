import chalk from "chalk";

/** Prints a warning to stderr. */
export function warn(message: string): void {
  process.stderr.write(`${chalk.yellow("warning:")} ${message}\n`);
}
