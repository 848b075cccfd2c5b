import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { convert } from "./testing/convert.js";
import { readGgufFile } from "./testing/readGgufFile.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";

const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");

test("the same model and options give the same bytes", async () => {
  const files = ["first.gguf", "second.gguf"].map((name) => path.join(directory, name)) as [string, string];
  for (const output of files) await convert({ source: demo, output, embeddingType: "q6_K" });
  expect(readFileSync(files[0]).equals(readFileSync(files[1]))).toBe(true);
});

// The q8_0 tensors are also byte for byte what llama-quantize of llama.cpp v0.5.0 makes of the bf16 file.
test.each([
  ["mixllm", "86931a398a40cc1d56b5ff41ec5ace8e0174c2a827e987d99fec0df91d9fd305"],
  ["f16", "0775d8ccdf34cb853466dd0071e1e96285b7a755e1e5ff1d56d0d70aec12bd5f"],
  ["bf16", "f844ce47dd2d98a6a4c0959df3da7d7154af13bc36f86f391a2afe360d27ee96"],
  ["q8_0", "c725c2ae1fb438f98352fc8e79a2b5b4f717d82f233a4c095b2fbd892fc99cab"]
] as const)("the demo model's %s tensors are the ones they have always been", async (format, expected) => {
  const output = path.join(directory, `${format}.gguf`);
  await convert({ source: demo, output, format });
  const hash = createHash("sha256");
  for (const { name, type, ne, data } of readGgufFile(output).tensors)
    hash.update(`${name} ${type} ${ne.join()}`).update(data);
  expect(hash.digest("hex")).toBe(expected);
});

test("a MixLLM file says how it was made", async () => {
  const output = path.join(directory, "provenance.gguf");
  const { mixed, source } = await convert({ source: demo, output, command: "mixllm-convert --percent-8bit 10" });
  const { metadata } = readGgufFile(output);
  const version = (JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string })
    .version;
  expect(Object.fromEntries([...metadata].filter(([key]) => key.startsWith("mixllm.")))).toEqual({
    "mixllm.version": { type: "UINT32", value: 2 },
    "mixllm.group_size": { type: "UINT32", value: 128 },
    "mixllm.bits_per_weight": { type: "FLOAT32", value: Math.fround(mixed?.bitsPerWeight ?? NaN) },
    "mixllm.percent_8bit": { type: "FLOAT32", value: 10 },
    "mixllm.method": { type: "STRING", value: "rtn" },
    "mixllm.search": { type: "STRING", value: "weight_error" },
    "mixllm.equalization": { type: "STRING", value: "off" },
    "mixllm.row_feedback": { type: "STRING", value: "off" },
    "mixllm.calibration": { type: "STRING", value: "none" },
    "mixllm.source": { type: "STRING", value: `sha256:${source} mixllm ${version}` },
    "mixllm.command": { type: "STRING", value: "mixllm-convert --percent-8bit 10" }
  });
});
