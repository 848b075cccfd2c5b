import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { convertModel } from "./convertModel.js";
import type { ConverterAddon } from "./ConverterAddon.js";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
import { writeMixture } from "../testing/forms/forms.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { TinyModel } from "./testing/TinyModel.js";

const directory = temporaryDirectory();

/** A text that takes seconds to tokenize. */
const long = path.join(directory, "long.txt");
beforeAll(() => {
  writeFileSync(long, readFileSync(path.join(packageRoot, "README.md"), "utf8").repeat(2000));
});

test.each(["rank", "write"] as const)(
  "cancelling while it is at %s leaves an old file as it was and no other",
  async (at) => {
    const outputs = path.join(directory, at);
    mkdirSync(outputs);
    const output = path.join(outputs, "model.gguf");
    writeFileSync(output, "old");
    const controller = new AbortController();
    const reason = new Error("cancelled");
    let temporaryFiles: string[] = [];
    const conversion = convertModel(
      {
        source: new TinyModel().write(directory),
        output,
        force: true,
        format: "mixllm",
        budget: { unit: "percent", percent: 10 },
        overrides: [],
        embeddingType: "f16",
        outputType: "f16",
        search: "weight_error",
        ranking: "taylor",
        equalization: "auto",
        method: "rtn",
        calibration: { files: [], samples: 4, sequenceLength: 64, workDirectory: path.join(directory, "none") },
        command: "test"
      },
      {
        loadAddon: () => loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true }),
        warn: () => undefined,
        progress: (step, fraction) => {
          if (step !== at || (fraction ?? 0) < 0.5) return;
          temporaryFiles = readdirSync(outputs);
          controller.abort(reason);
        },
        signal: controller.signal
      }
    );
    await expect(conversion).rejects.toBe(reason);
    expect(temporaryFiles.length).toBe(at === "write" ? 2 : 1);
    expect(readdirSync(outputs)).toEqual(["model.gguf"]);
    expect(existsSync(output)).toBe(true);
  }
);

/** What a conversion is cancelled in the middle of: what its progress says, or the presence of a work file. */
const MOMENTS: readonly (readonly [during: string, file: string | null])[] = [
  ["tokenizing", null],
  ["sequences of", null],
  ["forward pass", null],
  ["loss at the output head", null],
  ["backward pass", null],
  ["layer 1", null],
  // Their inputs lie in a file of their own for as long as experts are quantized.
  ["a stack of experts", ".experts"]
];

test.each(MOMENTS)(
  "cancelling in the middle of %s takes no more than 100 ms of work and leaves finished steps alone",
  { timeout: 300_000 },
  async (during, file) => {
    const folder = path.join(directory, during.replaceAll(" ", "-"));
    const workDirectory = path.join(folder, "work");
    mkdirSync(workDirectory, { recursive: true });
    const controller = new AbortController();
    const reason = new Error("cancelled");
    let before: NodeJS.CpuUsage | undefined;
    let files: string[] = [];
    const cancelSoon = (): void => {
      if (before !== undefined) return;
      before = process.cpuUsage();
      setTimeout(() => {
        files = readdirSync(workDirectory);
        before = process.cpuUsage();
        controller.abort(reason);
      }, 50);
    };
    const isThere = (name: string | null): boolean => file !== null && name?.endsWith(file) === true;
    let turns = 0; // there with the stacks of gate and up, removed, there with that of down, which takes longer
    const watcher = watch(workDirectory, (event, name) => {
      if (event === "rename" && isThere(name) && ++turns === 3) cancelSoon();
    });
    const conversion = convertModel(
      {
        source: file === null ? path.join(packageRoot, "models/demo") : writeMixture(folder, 8, 512),
        output: path.join(directory, `${path.basename(folder)}.gguf`),
        force: false,
        format: "mixllm",
        budget: { unit: "percent", percent: 10 },
        overrides: [],
        embeddingType: "f16",
        outputType: "f16",
        search: during === "layer 1" || file !== null ? "weight_error" : "global",
        ranking: "taylor",
        equalization: "auto",
        method: "gptq",
        calibration: {
          files:
            during === "sequences of" ? [] : [during === "tokenizing" ? long : path.join(packageRoot, "README.md")],
          samples: during === "tokenizing" ? 2_000 : 8,
          sequenceLength: 256,
          workDirectory
        },
        command: "test"
      },
      {
        loadAddon: () => loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true }),
        warn: () => undefined,
        progress: (_, __, detail) => {
          if (file === null && detail.includes(during)) cancelSoon();
        },
        signal: controller.signal
      }
    );
    await expect(conversion).rejects.toBe(reason);
    const { user, system } = process.cpuUsage(before);
    watcher.close();
    // All threads together, with what the process does to clean up.
    expect((user + system) / 1e6).toBeLessThan(0.1 * availableParallelism() + 0.2);
    expect(files.some(isThere)).toBe(file !== null);
    expect(readdirSync(directory).filter((name) => name.includes(`${path.basename(folder)}.gguf`))).toEqual([]);
    expect(readdirSync(workDirectory).filter((name) => /partial|scratch/.test(name))).toEqual([]);
  }
);
