import chalk, { chalkStderr } from "chalk";
import type { Command } from "commander";
import { MixLlmError } from "../errors.js";
import { packageVersion } from "../package.js";
import { describeFileError, fileErrorFix, isSystemError, writeFailure } from "../files/fileErrors.js";
import { printable } from "./format.js";

/** Prints a warning to stderr. */
export function warn(message: string): void {
  process.stderr.write(`${chalkStderr.yellow("warning:")} ${printable(message)}\n`);
}

/**
 * Parses `process.argv` with `command` and runs the chosen action.
 *
 * A `MixLlmError` becomes one line, plus its fix, on stderr and exit code 1, never a stack trace (set
 * `MIXLLM_DEBUG=1` to see it); so does whatever the operating system refuses (no space left, too many open files).
 * Anything else is a bug in this package, and its stack is what the report needs.
 */
export async function runCommand(command: Command): Promise<void> {
  // Chalk does not know https://no-color.org.
  if ((process.env["NO_COLOR"] ?? "") !== "") chalk.level = chalkStderr.level = 0;
  if (!process.stdout.listeners("error").includes(onOutputError)) {
    process.stdout.on("error", onOutputError);
    process.stderr.on("error", () => undefined); // there is nowhere left to say it
  }
  // Else it stands with whatever options the command has last.
  command
    .optionsGroup("Options:")
    .version(packageVersion)
    .showSuggestionAfterError(true)
    .showHelpAfterError("(run with --help for usage)");
  // Commander hands settings down only to subcommands made after them.
  for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  try {
    await command.parseAsync();
  } catch (error) {
    if (process.env["MIXLLM_DEBUG"] === "1") throw error;
    if (error instanceof MixLlmError) report(error);
    else if (isSystemError(error)) report(systemFailure(error));
    else throw error;
  }
}

/** A reader that has seen enough (`| head`) is no reason to stop work; a full disk under stdout is a failure. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") report(writeFailure("the output", error));
}

/** The error for what the operating system refused where no code foresaw it. */
function systemFailure(error: NodeJS.ErrnoException): MixLlmError {
  const { syscall = "", path } = error;
  const call = path === undefined || syscall.includes(path) ? syscall : `${syscall} ${path}`;
  const fix = fileErrorFix(error);
  return new MixLlmError(`${call} failed: ${describeFileError(error)}`, fix === undefined ? {} : { fix });
}

function report(error: MixLlmError): void {
  process.stderr.write(`${chalkStderr.red("error:")} ${printable(error.message)}\n`);
  const fix = error.commandFix;
  if (fix !== undefined) process.stderr.write(`${chalkStderr.dim("fix:")}   ${printable(fix)}\n`);
  process.exitCode = 1;
}
