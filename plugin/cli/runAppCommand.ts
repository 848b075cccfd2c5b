import { spawn } from "node:child_process";
import os from "node:os";
import { Command } from "commander";
import { InvalidInputError } from "../../common/errors.js";
import { withRegisterOption } from "../register/withRegisterOption.js";

/** Signals that end a program and are sent to it alone, not to all of a terminal's. */
const PASSED_ON = ["SIGTERM", "SIGHUP"] as const;

/** `mixllm run`: runs a program whose Node processes, all of them, run MixLLM files. */
export function runAppCommand(): Command {
  return new Command("run")
    .description(
      "Run a program so that node-llama-cpp runs MixLLM files in it: with mixllm/register imported in each Node process that it is or starts."
    )
    .argument("<program...>", "the program and its arguments, after --")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm run -- node app.js
  $ mixllm run -- npx node-llama-cpp chat model.mixllm.gguf

The exit code is the program's.`
    )
    .action(async ([program = "", ...args]: string[]) => {
      const env = { ...process.env, NODE_OPTIONS: withRegisterOption(process.env["NODE_OPTIONS"]) };
      process.exitCode = await runToItsEnd(program, args, env);
    });
}

function runToItsEnd(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    // npx and its like are scripts on Windows, which only a shell runs.
    const child = spawn(program, args, { stdio: "inherit", env, shell: process.platform === "win32" });
    const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
    const stay = () => undefined; // what the terminal interrupts, the program ends or does not
    for (const signal of PASSED_ON) process.on(signal, passOn);
    process.on("SIGINT", stay);
    const end = () => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      process.off("SIGINT", stay);
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      end();
      reject(
        new InvalidInputError(
          `Cannot run "${program}": ${error.code === "ENOENT" ? "there is no such program" : error.message}`
        )
      );
    });
    child.once("exit", (code, signal) => {
      end();
      resolve(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]));
    });
  });
}
