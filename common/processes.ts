import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { execFile } from "node:child_process";

/** Finds an executable by name on PATH, or by its path when the name holds one; `undefined` when there is none. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = path.isAbsolute(name)
    ? [""]
    : (process.env["PATH"] ?? "").split(path.delimiter).filter((f) => f !== "");
  const extensions = process.platform === "win32" ? (process.env["PATHEXT"] ?? ".EXE;.CMD;.BAT").split(";") : [""];
  for (const folder of folders)
    for (const extension of extensions) {
      const file = path.join(folder, name.endsWith(extension) ? name : name + extension);
      if (await isExecutable(file)) return file;
    }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

const TIMEOUT_MS = 15_000;

/** Runs a program and gives what it printed on stdout; `undefined` when it is missing, fails or does not answer. */
export function runProgram(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: TIMEOUT_MS, windowsHide: true }, (error, stdout) =>
      resolve(error === null ? stdout : undefined)
    );
  });
}

/** Whether a process of this machine is running, whoever it belongs to. */
export function isProcessRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // sends nothing, only looks whether it could
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
