import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { CommandFailure, runLogged } from "./runLogged.js";

async function run(script: string, options: { signal?: AbortSignal; onLine?: (line: string) => void } = {}) {
  const cwd = temporaryDirectory();
  const log = createWriteStream(path.join(cwd, "log"));
  const settings = { signal: new AbortController().signal, ...options, cwd, env: process.env };
  const result = await runLogged(log, process.execPath, ["-e", script], settings).then(
    (output) => output,
    (error: unknown) => error
  );
  log.end();
  await finished(log);
  return { result, log: await readFile(path.join(cwd, "log"), "utf8") };
}

test("gives, logs and reports every line of both streams", async () => {
  const lines: string[] = [];
  const { result, log } = await run('console.log("one"); console.error("two"); process.stdout.write("three")', {
    onLine: (line) => lines.push(line)
  });
  expect(lines.sort()).toEqual(["one", "three", "two"]);
  expect((result as string).split("\n").sort()).toEqual(lines);
  for (const line of lines) expect(log).toContain(`${line}\n`);
});

test("fails with the exit code and the output, also when there is no such program", async () => {
  const { result } = await run('console.log("reason"); process.exit(3)');
  expect(result).toBeInstanceOf(CommandFailure);
  expect(result).toMatchObject({ message: expect.stringContaining("exit code 3") as unknown, output: "reason" });
  const log = createWriteStream("/dev/null");
  const options = { cwd: "/", env: process.env, signal: new AbortController().signal };
  await expect(runLogged(log, "/no/such/program", [], options)).rejects.toThrow();
});

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("aborting ends the program and what it started", async () => {
  const controller = new AbortController();
  let grandchild = 0;
  const script = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
    console.log(child.pid);
    setTimeout(() => {}, 60_000);`;
  const { result } = await run(script, {
    signal: controller.signal,
    onLine: (line) => {
      grandchild = Number(line);
      controller.abort();
    }
  });
  expect(result).toBeInstanceOf(CommandFailure);
  for (let waited = 0; isAlive(grandchild) && waited < 5000; waited += 50) await setTimeout(50);
  expect(grandchild).toBeGreaterThan(0);
  expect(isAlive(grandchild)).toBe(false);
});

// The same script that runLogged passes to node, started by a process that is then killed outright.
test.skipIf(process.platform === "win32")("nothing outlives a caller that is killed", async () => {
  const source = await readFile(new URL("./runLogged.ts", import.meta.url), "utf8");
  const inGroup = /RUN_IN_GROUP = `([^`]+)`/.exec(source)?.[1] ?? "";
  const caller = execFile(process.execPath, [
    "-e",
    `const child = require("node:child_process").spawn(process.execPath, ["-e", process.argv[1], "--", process.execPath, "-e",
       "console.log(process.pid); setTimeout(() => {}, 60_000)"], { stdio: "pipe", detached: true });
     child.stdout.pipe(process.stdout);`,
    inGroup
  ]);
  const pid = await new Promise<number>((resolve) => caller.stdout?.once("data", (data) => resolve(Number(data))));
  expect(isAlive(pid)).toBe(true);
  caller.kill("SIGKILL");
  for (let waited = 0; isAlive(pid) && waited < 5000; waited += 50) await setTimeout(50);
  expect(isAlive(pid)).toBe(false);
});
