import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import type { CalibrationOptions } from "../calibration/calibrationSamples.js";
import { convert } from "../testing/convert.js";
import { readGgufFile } from "../testing/readGgufFile.js";
import { FORMS, writeForm } from "../../testing/forms/forms.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { TinyModel } from "../testing/TinyModel.js";
import { unpackMixedWeight } from "../testing/unpackMixedWeight.js";

const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");

const calibration = (name: string, changes: Partial<CalibrationOptions> = {}): CalibrationOptions => ({
  files: [path.join(packageRoot, "README.md")],
  samples: 4,
  sequenceLength: 64,
  workDirectory: path.join(directory, `${name}.work`),
  memory: 2 ** 30,
  ...changes
});

test("every weight is written whole and near its original, in both widths", async () => {
  const model = new TinyModel(); // inputs of 64 and 160: short groups
  const output = path.join(directory, "tiny.gguf");
  const { mixed } = await convert({
    source: model.write(directory),
    output,
    search: "global",
    method: "gptq",
    budget: { unit: "percent", percent: 30 },
    calibration: calibration("tiny", { files: [writeText()] })
  });
  expect(mixed).toMatchObject({ method: "gptq", search: "global" });
  const file = readGgufFile(output);
  expect(file.metadata.get("mixllm.calibration")?.value).toMatch(/^text\.txt sha256:[0-9a-f]{16}, 4 x 64$/);
  for (const [target, source] of [
    ["blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight"],
    ["blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj.weight"]
  ] as const) {
    const { data, shape } = model.tensor(source);
    const [n, k] = shape as [number, number];
    const unpacked = unpackMixedWeight(file, target);
    expect(unpacked).toHaveLength(n);
    for (const [row, { values, bits }] of unpacked.entries()) {
      const original = Array.from(data.subarray(row * k, (row + 1) * k));
      const distance = Math.hypot(...values.map((value, i) => value - (original[i] ?? NaN)));
      expect(distance / Math.hypot(...original), `${target} row ${row}`).toBeLessThan(bits === 8 ? 0.3 : 0.5);
    }
  }
});

test("without a text the model's own samples calibrate it, always the same ones", { timeout: 120_000 }, async () => {
  const files = [];
  for (const name of ["first", "second"]) {
    const output = path.join(directory, `${name}.gguf`);
    await convert({
      source: demo,
      output,
      search: "global",
      method: "gptq",
      calibration: calibration(name, { files: [] })
    });
    files.push(readGgufFile(output));
  }
  expect(files[0]?.metadata.get("mixllm.calibration")?.value).toBe("self, 4 x 64");
  expect(files[0]?.tensors.map(({ sha256 }) => sha256)).toEqual(files[1]?.tensors.map(({ sha256 }) => sha256));
});

/** Linear weights of the forms that have others than seven in each of two layers. */
const LINEARS: Readonly<Record<string, number>> = {
  "gemma3-spm": 3 * 7,
  "phi4-longrope": 2 * 4, // fused
  qwen35: 3 * 6 + 7, // gated delta nets, and attention
  "smollm3-tied": 4 * 7
};

test.each(FORMS)("%s goes through search and GPTQ", async (form) => {
  const { mixed, warnings } = await convert({
    source: writeForm(form, directory),
    output: path.join(directory, `${form}.gguf`),
    search: "global",
    method: "gptq",
    calibration: calibration(form)
  });
  expect(mixed?.weights).toHaveLength(LINEARS[form] ?? 14);
  const matrices = mixed?.weights.filter(({ experts }) => experts === undefined) ?? [];
  expect(mixed?.rowFeedback).toBe(`${matrices.length} tensors`);
  expect(warnings.filter((warning) => warning.includes("Hessian"))).toEqual([]);
});

test("a text that is too short or not text is refused before any work", async () => {
  const options = { source: demo, output: path.join(directory, "refused.gguf"), method: "gptq" } as const;
  const short = path.join(directory, "short.txt");
  writeFileSync(short, "Too short.");
  await expect(convert({ ...options, calibration: calibration("a", { files: [short] }) })).rejects.toThrow(
    /the calibration text has \d+ tokens, but 4 samples of 64 need 252/
  );
  const binary = path.join(directory, "binary.txt");
  writeFileSync(binary, Uint8Array.of(0xff, 0xfe, 0x00));
  await expect(convert({ ...options, calibration: calibration("b", { files: [binary] }) })).rejects.toThrow(
    /binary\.txt is not UTF-8/
  );
  await expect(
    convert({ ...options, calibration: calibration("c", { files: [path.join(directory, "absent.txt")] }) })
  ).rejects.toThrow(/cannot read the calibration text .*absent\.txt: no such file/);
  expect(existsSync(path.join(directory, "b.work"))).toBe(false);
});

test("NaN in a weight is found before any work", async () => {
  const model = new TinyModel();
  (model.tensor("model.layers.0.mlp.up_proj.weight").data as Float32Array)[130] = NaN;
  await expect(
    convert({
      source: model.write(directory, "nan-model"),
      output: path.join(directory, "nan.gguf"),
      method: "gptq",
      calibration: calibration("nan", { files: [writeText()] })
    })
  ).rejects.toThrow(/"model\.layers\.0\.mlp\.up_proj\.weight" holds NaN or infinity at \[2, 2\]/);
  expect(existsSync(path.join(directory, "nan.work"))).toBe(false);
});

test("weights too large for their scales are named", async () => {
  const model = new TinyModel();
  (model.tensor("model.layers.0.self_attn.o_proj.weight").data as Float32Array)[3] = 1e8;
  await expect(
    convert({
      source: model.write(directory, "large-model"),
      output: path.join(directory, "large.gguf"),
      method: "gptq",
      equalization: "off",
      calibration: calibration("large", { files: [writeText()] })
    })
  ).rejects.toThrow(/quantizing layer 0 failed: tensor "blk\.0\.attn_output\.weight" has values too large/);
});

function writeText(): string {
  const file = path.join(directory, "text.txt");
  writeFileSync(file, "The quick brown fox jumps over the lazy dog. ".repeat(20));
  return file;
}
