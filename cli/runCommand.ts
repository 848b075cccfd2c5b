import chalk from "chalk";
import type { Command } from "commander";
import { MixLlmError } from "../plugin/errors/MixLlmError.js";

/**
 * Parses `process.argv` with `command` and runs the chosen action.
 *
 * A `MixLlmError` becomes one line, plus its fix, on stderr and exit code 1, never a stack trace (set
 * `MIXLLM_DEBUG=1` to see it). Anything else is a bug in this package, and its stack is what the report needs.
 */
export async function runCommand(command: Command): Promise<void> {
  command.showSuggestionAfterError(true).showHelpAfterError("(run with --help for usage)");
  // Commander hands settings down only to subcommands made after them.
  for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  try {
    await command.parseAsync();
  } catch (error) {
    if (!(error instanceof MixLlmError) || process.env["MIXLLM_DEBUG"] === "1") throw error;
    process.stderr.write(`${chalk.red("error:")} ${error.message}\n`);
    if (error.fix !== undefined) process.stderr.write(`${chalk.dim("fix:")}   ${error.fix}\n`);
    process.exitCode = 1;
  }
}
