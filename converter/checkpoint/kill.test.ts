import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import path from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { writeMixture } from "../../testing/forms/forms.js";
import { pseudoRandom } from "../../testing/pseudoRandom.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { convert } from "../testing/convert.js";
import { damageFile } from "../testing/damageFile.js";

/** How long to go on killing and damaging; unless given, for one round of each kind. `npm run test:kill` gives minutes. */
const SECONDS = Number(process.env["MIXLLM_KILL_SECONDS"] ?? 0);
const TIMEOUT = 600_000 + 2000 * SECONDS;

const SEED = Number(process.env["MIXLLM_KILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const random = pseudoRandom(SEED);

const program = path.join(packageRoot, "dist/converter/cli/mixllmConvert.js");
const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");
const gguf = path.join(directory, "demo-f16.gguf");
const outputs = path.join(directory, "out");
const output = path.join(outputs, "demo.gguf");
const workDirectory = `${output}.work`;

/** A mixture whose experts take a few tenths of a second a layer. */
const mixture = [
  path.join(directory, "qwen3moe"),
  ...["--calibration", path.join(packageRoot, "README.md"), "--search", "weight_error"]
];

/** Sources to convert, with options. */
const CONVERSIONS: readonly (readonly string[])[] = [
  [demo, "--calibration", path.join(packageRoot, "README.md")],
  [gguf, "--search", "weight_error"],
  ...(SECONDS > 0 ? [mixture] : [])
];

beforeAll(async () => {
  writeMixture(directory, 8, 256);
  await convert({ source: demo, output: gguf, format: "f16" });
});

beforeEach(() => {
  rmSync(outputs, { recursive: true, force: true });
  mkdirSync(outputs);
});

/**
 * Kills a conversion with no chance to clean up: after so many milliseconds, or as soon as the files of a folder, which
 * exists, are as told.
 */
type Kill = number | { readonly folder: string; readonly when: (names: readonly string[]) => boolean };

const whenOutputIsThere: Kill = { folder: outputs, when: (names) => names.includes(path.basename(output)) };

/** Runs the command; it may end before it is killed. */
async function run(conversion: readonly string[], kill?: Kill): Promise<{ killed: boolean; stderr: string }> {
  const options = ["--samples", "4", "--sequence-length", "64", "--quiet"];
  const child = spawn(process.execPath, [program, ...conversion, "-o", output, ...options], {
    stdio: ["ignore", "ignore", "pipe"]
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = typeof kill === "number" ? setTimeout(() => child.kill("SIGKILL"), kill) : undefined;
  const watcher =
    typeof kill === "object"
      ? watch(kill.folder, () => {
          if (existsSync(kill.folder) && kill.when(readdirSync(kill.folder))) child.kill("SIGKILL");
        })
      : undefined;
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  watcher?.close();
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return { killed: signal === "SIGKILL", stderr };
}

/** What each conversion writes when nothing disturbs it, and how long it takes. */
async function undisturbed(): Promise<{ conversion: readonly string[]; expected: Buffer; milliseconds: number }[]> {
  const references = [];
  for (const conversion of CONVERSIONS) {
    const started = performance.now();
    await run(conversion);
    const milliseconds = performance.now() - started;
    references.push({ conversion, expected: readFileSync(output), milliseconds });
    rmSync(output);
  }
  return references;
}

/** Damages a file of the work directory, if there is one. */
function damage(): string {
  const names = existsSync(workDirectory) ? readdirSync(workDirectory) : [];
  const name = names[Math.floor(random() * names.length)];
  return name === undefined ? "nothing to damage" : `${name}: ${damageFile(path.join(workDirectory, name), random)}`;
}

test(
  "killed at random times, its work damaged in between, a conversion ends with the same bytes and nothing else",
  { timeout: TIMEOUT },
  async () => {
    const references = await undisturbed();
    const deadline = performance.now() + 1000 * SECONDS;
    let [rounds, kills] = [0, 0];
    do {
      for (const { conversion, expected, milliseconds } of references) {
        const events = [`MIXLLM_KILL_SEED=${SEED}, round ${rounds}`];
        for (let left = 2; left > 0 && !existsSync(output); left--) {
          const after = Math.round(random() * milliseconds);
          if (!(await run(conversion, after)).killed) break; // it was done before
          kills++;
          events.push(`killed after ${after} ms`);
          if (random() < 0.7) events.push(damage());
        }
        if (!existsSync(output)) await run(conversion);
        expect(readFileSync(output).equals(expected), events.join("; ")).toBe(true);
        rmSync(output);
      }
      rounds++;
    } while (performance.now() < deadline);
    console.log(`${rounds * references.length} conversions killed ${kills} times`);
  }
);

test("killed while experts are quantized, a conversion ends with the same bytes", { timeout: TIMEOUT }, async () => {
  await run(mixture);
  const expected = readFileSync(output);
  rmSync(output);
  mkdirSync(workDirectory);
  // The experts' inputs lie in a file of their own for as long as experts are quantized.
  const isAtExperts = (names: readonly string[]): boolean =>
    names.includes("quantized.0.safetensors") && names.some((name) => name.endsWith(".experts"));
  expect((await run(mixture, { folder: workDirectory, when: isAtExperts })).killed).toBe(true);
  expect(isAtExperts(readdirSync(workDirectory)), "killed within the second layer's experts").toBe(true);
  await run(mixture);
  expect(readFileSync(output).equals(expected)).toBe(true);
  expect(readdirSync(outputs)).toEqual(["demo.gguf"]);
});

test(
  "killed while its work is being removed, a conversion has written the same bytes and leaves the way free",
  { timeout: TIMEOUT },
  async () => {
    const [reference] = await undisturbed();
    if (reference === undefined) throw new Error("nothing to convert");
    const { conversion, expected } = reference;
    const deadline = performance.now() + 1000 * SECONDS;
    do {
      await run([...conversion, "--force"], whenOutputIsThere);
      expect(readFileSync(output).equals(expected)).toBe(true);
      await run([...conversion, "--force"]);
      expect(readFileSync(output).equals(expected)).toBe(true);
      expect(readdirSync(outputs)).toEqual(["demo.gguf"]);
      rmSync(output);
    } while (performance.now() < deadline);
  }
);
