import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot, packageVersion } from "../package.js";
import { encodeGguf } from "../../plugin/testing/encodeGguf.js";
import { MIXLLM_PAIRS, mixLlmWeight } from "../../plugin/testing/mixLlmFile.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

/** What users run; `npm test` compiles it first. */
const PROGRAMS = {
  mixllm: path.join(packageRoot, "dist/plugin/cli/mixllm.js"),
  "mixllm-convert": path.join(packageRoot, "dist/converter/cli/mixllmConvert.js"),
  "mixllm-bench": path.join(packageRoot, "dist/bench/cli/mixllmBench.js")
};

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param options.closeAfterFirst closes the pipe of stdout at the first bytes, as `head -1` does */
function run(
  program: keyof typeof PROGRAMS,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stdout?: "pipe" | number; closeAfterFirst?: boolean } = {}
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAMS[program], ...args], {
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", options.stdout ?? "pipe", "pipe"]
  });
  const outcome: Outcome = { code: null, stdout: "", stderr: "" };
  child.stdout?.on("data", (data: Buffer) => {
    outcome.stdout += data.toString();
    if (options.closeAfterFirst === true) child.stdout?.destroy();
  });
  child.stderr?.on("data", (data: Buffer) => (outcome.stderr += data.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ ...outcome, code })));
}

/** A sound MixLLM file of many weights, whose JSON is longer than a pipe holds. */
function longFile(): string {
  const file = path.join(temporaryDirectory(), "long.gguf");
  const weights = Array.from({ length: 2000 }, (_, layer) => mixLlmWeight(`blk.${layer}.attn_q.weight`, 32, 16, 0));
  writeFileSync(file, encodeGguf(MIXLLM_PAIRS, weights.flat()));
  return file;
}

test.each(Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])("%s --version tells the package's", async (program) => {
  expect(await run(program, ["--version"])).toEqual({ code: 0, stdout: `${packageVersion}\n`, stderr: "" });
});

test("a reader that has seen enough gets no stack trace", async () => {
  const { code, stderr } = await run("mixllm", ["inspect", longFile(), "--json"], { closeAfterFirst: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test.skipIf(!existsSync("/dev/full"))("a disk that is full under stdout is one line", async () => {
  const full = openSync("/dev/full", "w");
  const { code, stderr } = await run("mixllm", ["inspect", longFile()], { stdout: full });
  closeSync(full);
  expect(stderr).toMatch(/^error: the disk filled up while writing the output\nfix: {3}Free some space [^\n]*\n$/);
  expect(code).toBe(1);
});

test("errors have colours when asked for, and none with NO_COLOR", async () => {
  const stderr = async (env: NodeJS.ProcessEnv) => (await run("mixllm", ["inspect", "none.gguf"], { env })).stderr;
  const message = "cannot read none.gguf: no such file or folder\n";
  expect(await stderr({ FORCE_COLOR: "1", NO_COLOR: undefined })).toBe(
    `\u001b[31merror:\u001b[39m ${message}\u001b[2mfix:\u001b[22m   Check the path.\n`
  );
  // Node.js itself warns of the contradiction.
  const plain = await stderr({ FORCE_COLOR: "1", NO_COLOR: "1" });
  expect(plain).toContain(`error: ${message}`);
  expect(plain).not.toContain("\u001b");
});

test("text from a file cannot control the terminal", async () => {
  const file = path.join(temporaryDirectory(), "forged.gguf");
  const pairs = MIXLLM_PAIRS.map((pair) =>
    pair[0] === "general.name" ? ([pair[0], "str", "\u001b[2Jgone"] as const) : pair
  );
  writeFileSync(file, encodeGguf(pairs, mixLlmWeight("blk.0.attn_q.weight", 32, 16, 0)));
  expect((await run("mixllm", ["inspect", file])).stdout).toContain("\\x1b[2Jgone, llama");
  writeFileSync(file, encodeGguf(MIXLLM_PAIRS, mixLlmWeight("blk.0.\u001b[2J.weight", 32, 16, 0).slice(1)));
  const { code, stderr } = await run("mixllm", ["inspect", file]);
  expect(code).toBe(1);
  expect(stderr).toContain("blk.0.\\x1b[2J.weight");
  expect(stderr).not.toContain("\u001b[2J");
});
