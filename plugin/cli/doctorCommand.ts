import chalk from "chalk";
import { Command } from "commander";
import { examineMachine } from "../doctor/examineMachine.js";
import type { Finding } from "../doctor/machineFindings.js";

/** `mixllm doctor`: says what this machine can do and what is missing; exit code 1 when something is. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check the compiler, CMake, CUDA, the CPU and GPU, node-llama-cpp, and whether the runtime is there.")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm doctor
  $ mixllm doctor --json          for a bug report

The exit code is 1 when something is missing without which there is no runtime.`
    )
    .action(async (options: { json?: true }) => {
      const findings = await examineMachine();
      process.stdout.write(options.json === true ? `${JSON.stringify(findings, undefined, 2)}\n` : describe(findings));
      if (findings.some((finding) => finding.status === "missing")) process.exitCode = 1;
    });
}

const MARKS = { ok: ["green", "✔"], note: ["blue", "•"], missing: ["red", "✖"] } as const;

function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map((finding) => finding.name.length));
  return findings
    .map(({ name, status, detail, fix }) => {
      const [colour, mark] = MARKS[status];
      const line = `${chalk[colour](mark)} ${name.padEnd(width)}  ${detail}\n`;
      return fix === undefined ? line : `${line}  ${" ".repeat(width)}  ${chalk.dim(`→ ${fix}`)}\n`;
    })
    .join("");
}
