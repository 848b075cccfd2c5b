import { spawn } from "node:child_process";
import type { WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { CommandFailure } from "./CommandFailure.js";

/**
 * Runs a program to its end, with everything it prints going to a log.
 *
 * @param options.onLine is given each line of output as it comes
 * @param options.signal aborting it ends the program
 * @returns all output when the exit code is 0
 * @throws {CommandFailure} otherwise
 */
export async function runLogged(
  log: WriteStream,
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onLine?: (line: string) => void; signal?: AbortSignal }
): Promise<string> {
  log.write(`\n$ ${[command, ...args].join(" ")}\n`);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    ...(options.signal === undefined ? {} : { signal: options.signal })
  });
  const endChild = () => void child.kill();
  process.once("exit", endChild);

  const lines: string[] = [];
  const readers = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      lines.push(line);
      log.write(`${line}\n`);
      options.onLine?.(line);
    }
  });
  try {
    const exit = new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
    });
    const [code] = await Promise.all([exit, ...readers]);
    if (code !== 0) throw new CommandFailure(command, code, lines.join("\n"));
    return lines.join("\n");
  } finally {
    process.off("exit", endChild);
  }
}
