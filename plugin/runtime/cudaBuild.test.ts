import { createWriteStream } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { RuntimeBuildError } from "../errors.js";
import { cudaArchitectures, checkGpuProducts } from "./cudaBuild.js";

test("names the machine code of each GPU as CMake does", () => {
  expect(cudaArchitectures(["9.0"])).toBe("90-real");
  expect(cudaArchitectures(["7.5", "8.6", "12.0"])).toBe("75-real;86-real;120a-real");
});

/** Runs the check with a shell script in the place of the test program. */
async function check(script: string, options: { timeLimitMs?: number; signal?: AbortSignal } = {}): Promise<void> {
  const compiledDirectory = temporaryDirectory();
  const program = path.join(compiledDirectory, "mul-mat-mixllm-test");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  const logFile = path.join(compiledDirectory, "build.log");
  const log = createWriteStream(logFile);
  try {
    await checkGpuProducts({ compiledDirectory, log, logFile, signal: new AbortController().signal, ...options });
  } finally {
    await new Promise<void>((resolve) => void log.end(resolve));
  }
  expect(await readFile(logFile, "utf8")).toContain("3 passed");
}

test.skipIf(process.platform === "win32")("only GPUs are tested", async () => {
  await check('test "$*" = --gpu && echo "3 passed, 0 failed, 0 skipped"');
});

test.skipIf(process.platform === "win32").each([
  [
    "wrong results",
    'echo "tokens=9: channel 3 is 1.5, expected 1.25" >&2; echo "2 passed, 1 failed, 0 skipped"; exit 1',
    /do not compute what they should[^]*channel 3 is 1\.5, expected 1\.25/
  ],
  [
    "a crash",
    'echo "CUDA error: an illegal memory access" >&2; kill -SEGV $$',
    /do not compute[^]*illegal memory access/
  ],
  ["no GPU", 'echo "no GPU computed the op" >&2; exit 1', /no GPU computed the op/]
])("%s", async (_, script, message) => {
  const failure = check(script);
  await expect(failure).rejects.toThrow(message);
  await expect(failure).rejects.toBeInstanceOf(RuntimeBuildError);
  await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining("gpu: false") as string });
});

test.skipIf(process.platform === "win32")("a kernel that waits for ever", async () => {
  await expect(check("sleep 100", { timeLimitMs: 300 })).rejects.toThrow("do not come to an end on this machine's GPU");
});

test.skipIf(process.platform === "win32")("a lost lock is not taken for a hanging kernel", async () => {
  const lost = new AbortController();
  setTimeout(() => lost.abort(new Error("lost")), 200);
  await expect(check("sleep 100", { signal: lost.signal })).rejects.not.toBeInstanceOf(RuntimeBuildError);
});
