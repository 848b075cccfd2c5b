import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import type { NativeJob } from "../../common/nativeJob.js";
import { packageRoot } from "../../common/package.js";
import { convertModel, type ConvertModelOptions } from "../convertModel.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { pseudoRandom } from "../../testing/pseudoRandom.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { damageFile } from "../testing/damageFile.js";

const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");
const text = path.join(packageRoot, "README.md");
const output = path.join(directory, "demo.gguf");
const workDirectory = `${output}.work`;

/** Every call of the native side that writes a checkpoint. */
const STEPS = ["runSection", "equalizeSection", "headLoss", "backwardSection", "quantizeSection"] as const;

let addon: ConverterAddon;
/** Of the last conversion. */
let warnings: string[];
beforeAll(async () => {
  addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
});

class Killed extends Error {}

/** Converts the demo model; the `killAt`-th native step does its work, but the process "dies" before noticing. */
async function convert(changes: Partial<ConvertModelOptions> = {}, killAt = Infinity): Promise<number> {
  let steps = 0;
  warnings = [];
  const watched = new Proxy(addon, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (!STEPS.includes(name as never)) return member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (steps >= killAt) throw new Killed();
        steps++;
        const job = (member as (...all: unknown[]) => NativeJob<unknown>).apply(target, args);
        await job.result;
        if (steps >= killAt) throw new Killed();
        return job;
      };
    }
  });
  await convertModel(
    {
      source: demo,
      output,
      format: "mixllm",
      budget: { unit: "percent", percent: 10 },
      overrides: [],
      embeddingType: "f16",
      outputType: "f16",
      force: false,
      search: "global",
      ranking: "taylor",
      equalization: "auto",
      method: "gptq",
      calibration: { files: [text], samples: 3, sequenceLength: 64, workDirectory, memory: 2 ** 30 },
      command: "test",
      ...changes
    },
    {
      loadAddon: () => Promise.resolve(watched),
      warn: (message) => warnings.push(message),
      progress: () => undefined,
      signal: new AbortController().signal
    }
  );
  return steps;
}

test(
  "a conversion killed after any step goes on where it was and writes the same bytes",
  { timeout: 300_000 },
  async () => {
    const steps = await convert();
    const expected = readFileSync(output);
    expect(existsSync(workDirectory)).toBe(false);
    expect(steps).toBe(1 + 4 + 4 + 1 + 4 + 4); // embedding, equalizing, forward, head, backward, quantization of four layers

    for (let killAt = 1; killAt <= steps; killAt++) {
      rmSync(output);
      await expect(convert({}, killAt)).rejects.toThrow();
      expect(existsSync(output)).toBe(false);
      // A step whose result was not yet recorded is done again; none before it is.
      expect(await convert()).toBeLessThanOrEqual(steps - killAt + 1);
      expect(readFileSync(output).equals(expected), `killed at step ${killAt}`).toBe(true);
      expect(existsSync(workDirectory)).toBe(false);
    }
  }
);

test.each([
  ["global", [12, 17]],
  ["weight_error", [10]]
] as const)(
  "whatever is damaged of a conversion with --search %s that was killed, it is said and the bytes are the same",
  { timeout: 600_000 },
  async (search, kills) => {
    rmSync(output, { force: true });
    await convert({ search });
    const expected = readFileSync(output);
    const random = pseudoRandom(1);
    const before = path.join(directory, "before-damage");
    for (const killAt of kills) {
      rmSync(output);
      await expect(convert({ search }, killAt)).rejects.toThrow();
      cpSync(workDirectory, before, { recursive: true });
      for (const name of readdirSync(before)) {
        rmSync(output, { force: true });
        rmSync(workDirectory, { recursive: true, force: true });
        cpSync(before, workDirectory, { recursive: true });
        const damage = damageFile(path.join(workDirectory, name), random);
        await convert({ search });
        const what = `killed at step ${killAt}, ${name}: ${damage}`;
        expect(readFileSync(output).equals(expected), what).toBe(true);
        expect(existsSync(workDirectory), what).toBe(false);
        // A journal may lose its last line to a crash as well.
        if (name !== "journal.jsonl") expect(warnings, what).toHaveLength(1);
      }
      rmSync(before, { recursive: true });
    }
  }
);

test("work of another conversion is refused with the difference named, and left alone", async () => {
  rmSync(output, { force: true });
  await expect(convert({}, 3)).rejects.toThrow();
  await expect(convert({ command: "other" })).rejects.toThrow(
    /demo\.gguf\.work holds an unfinished conversion of something else: options was "test", now "other"/
  );
  const other = path.join(directory, "other.txt");
  writeFileSync(other, readFileSync(text, "utf8").replaceAll("e", "a"));
  const calibration = { files: [other], samples: 3, sequenceLength: 64, workDirectory, memory: 2 ** 30 };
  await expect(convert({ calibration })).rejects.toThrow(/calibration was "README\.md .*", now "other\.txt .*"/);
  const changed = path.join(directory, "changed");
  cpSync(demo, changed, { recursive: true });
  const config = path.join(changed, "config.json");
  writeFileSync(config, readFileSync(config, "utf8").replace('"rope_theta": 10000.0', '"rope_theta": 5000.0'));
  await expect(convert({ source: changed })).rejects.toThrow(/metadata was "[0-9a-f]{64}", now "[0-9a-f]{64}"/);
  await convert();
  expect(existsSync(workDirectory)).toBe(false);
});
