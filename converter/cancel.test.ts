import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { convertModel } from "./convertModel.js";
import type { ConverterAddon } from "./ConverterAddon.js";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
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

test.each(["tokenizing", "sequences of", "forward pass", "loss at the output head", "backward pass", "layer 1"])(
  "cancelling in the middle of %s takes no more than 100 ms of work and leaves finished steps alone",
  { timeout: 300_000 },
  async (during) => {
    const folder = path.join(directory, during.replaceAll(" ", "-"));
    mkdirSync(folder);
    const workDirectory = path.join(folder, "work");
    const controller = new AbortController();
    const reason = new Error("cancelled");
    let before: NodeJS.CpuUsage | undefined;
    const conversion = convertModel(
      {
        source: path.join(packageRoot, "models/demo"),
        output: path.join(folder, "demo.gguf"),
        force: false,
        format: "mixllm",
        budget: { unit: "percent", percent: 10 },
        overrides: [],
        embeddingType: "f16",
        outputType: "f16",
        search: during === "layer 1" ? "weight_error" : "global",
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
          if (before !== undefined || !detail.includes(during)) return;
          before = process.cpuUsage();
          setTimeout(() => {
            before = process.cpuUsage();
            controller.abort(reason);
          }, 50);
        },
        signal: controller.signal
      }
    );
    await expect(conversion).rejects.toBe(reason);
    const { user, system } = process.cpuUsage(before);
    // All threads together, with what the process does to clean up.
    expect((user + system) / 1e6).toBeLessThan(0.1 * availableParallelism() + 0.2);
    expect(readdirSync(folder)).toEqual(["work"]);
    expect(readdirSync(workDirectory).filter((name) => /partial|scratch/.test(name))).toEqual([]);
  }
);
