import { spawn } from "node:child_process";
import type { WriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** A program ended with an exit code other than 0 or was ended by a signal. Internal: callers turn it into a typed error. */
export class CommandFailure extends Error {
  /** What it had printed, stdout and stderr together. */
  readonly output: string;

  constructor(command: string, code: number | NodeJS.Signals, output: string) {
    super(`${command} ended with ${typeof code === "number" ? `exit code ${code}` : code}`);
    this.output = output;
  }
}

/**
 * Runs a program in a process group of its own and ends the whole group when its standard input ends: when the process that started it
 * dies, in whatever way, no compiler goes on writing into a build folder that another process may take over.
 *
 * SIGTERM comes first, because Ninja gives each compiler a group of its own and passes on only what it can catch.
 */
const RUN_IN_GROUP = `
process.on("SIGTERM", () => {});
process.stdin.resume().on("end", () => {
  process.kill(-process.pid, "SIGTERM");
  setTimeout(() => process.kill(-process.pid, "SIGKILL"), 3000);
});
const [program, ...args] = process.argv.slice(1);
const child = require("node:child_process").spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => { console.error("error: " + error.message); process.exit(127); });
child.on("exit", (code) => process.exit(code ?? 1));
`;

/**
 * Runs a program to its end, with everything it prints going to a log.
 *
 * @param options.onLine is given each line of output as it comes
 * @param options.signal aborting it ends the program and all that it started
 * @returns all output when the exit code is 0
 * @throws {CommandFailure} otherwise
 */
export async function runLogged(
  log: WriteStream,
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onLine?: (line: string) => void; signal: AbortSignal }
): Promise<string> {
  log.write(`\n$ ${[command, ...args].join(" ")}\n`);
  options.signal.throwIfAborted();
  // Windows has no process groups; there the children of a process that dies end with its console.
  const grouped = process.platform !== "win32";
  const child = grouped
    ? spawn(process.execPath, ["-e", RUN_IN_GROUP, "--", command, ...args], {
        cwd: options.cwd,
        // In Electron the executable is a browser unless told otherwise.
        env: { ...options.env, ELECTRON_RUN_AS_NODE: "1" },
        stdio: "pipe",
        detached: true
      })
    : spawn(command, args, { cwd: options.cwd, env: options.env, stdio: "pipe", windowsHide: true });
  const stop = () => void (grouped ? child.stdin.end() : child.kill());
  options.signal.addEventListener("abort", stop);

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
    options.signal.removeEventListener("abort", stop);
  }
}
