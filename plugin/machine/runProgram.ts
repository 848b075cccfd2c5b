import { execFile } from "node:child_process";

const TIMEOUT_MS = 15_000;

/** Runs a program and gives what it printed on stdout; `undefined` when it is missing, fails or does not answer. */
export function runProgram(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: TIMEOUT_MS, windowsHide: true }, (error, stdout) =>
      resolve(error === null ? stdout : undefined)
    );
  });
}
