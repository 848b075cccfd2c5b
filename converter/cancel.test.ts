import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { convertModel } from "./convertModel.js";
import type { ConverterAddon } from "./ConverterAddon.js";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { TinyModel } from "./testing/TinyModel.js";

const directory = temporaryDirectory();

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
