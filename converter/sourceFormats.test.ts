import path from "node:path";
import { expect, test } from "vitest";
import { convert } from "./testing/convert.js";
import { readGgufFile } from "./testing/readGgufFile.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { TinyModel } from "./testing/TinyModel.js";
import { half } from "./testing/unpackMixedWeight.js";

const directory = temporaryDirectory();
const V_PROJ = "model.layers.0.self_attn.v_proj.weight";

/** Every 16-bit pattern that is a finite number, once each in the first rows of the value projection. */
function withPatterns(dtype: "F16" | "BF16", patterns: readonly number[]): TinyModel {
  const model = new TinyModel();
  const target = model.tensor(V_PROJ);
  const data = Uint16Array.from({ length: 32 * 64 }, (_, i) => patterns[i % patterns.length] ?? 0);
  Object.assign(target, { dtype, data });
  return model;
}

async function convertedBytes(
  model: TinyModel,
  format: "f16" | "bf16"
): Promise<{ bits: number[]; warnings: string[] }> {
  const output = path.join(directory, "out.gguf");
  const { warnings } = await convert({ source: model.write(directory), output, format, force: true });
  const data = readGgufFile(output).tensors.find(({ name }) => name === "blk.0.attn_v.weight")?.data ?? Buffer.alloc(0);
  return { bits: Array.from({ length: data.length / 2 }, (_, i) => data.readUInt16LE(2 * i)), warnings };
}

const halves = Array.from({ length: 2048 }, (_, i) => ((i * 31 + 5) % 0x7c00) | (i % 2 === 0 ? 0 : 0x8000));

test("F16 weights keep every bit as F16", async () => {
  const { bits, warnings } = await convertedBytes(withPatterns("F16", halves), "f16");
  expect(bits).toEqual(halves);
  expect(warnings).toEqual([]);
});

test("BF16 weights keep every bit as BF16", async () => {
  const patterns = Array.from({ length: 2048 }, (_, i) => ((i * 15 + 3) % 0x7f80) | (i % 2 === 0 ? 0 : 0x8000));
  expect((await convertedBytes(withPatterns("BF16", patterns), "bf16")).bits).toEqual(patterns);
});

test("BF16 weights become the nearest F16, infinite with a warning where F16 ends", async () => {
  const floats = new Float32Array([1, -0.1, 1e-5, 3e-8, 1e-9, 65_280, 65_536, -3e38]);
  const patterns = [...new Uint32Array(floats.buffer)].map((bits) => bits >>> 16);
  const { bits, warnings } = await convertedBytes(withPatterns("BF16", patterns), "f16");
  const rounded = patterns.map((pattern) => new Float32Array(Uint32Array.of(pattern << 16).buffer)[0] ?? NaN);
  for (const [i, value] of rounded.entries()) {
    const got = half(bits[i] ?? 0);
    if (Math.abs(value) >= 65_520) expect(got).toBe(Math.sign(value) * Infinity);
    else expect(Math.abs(got - value)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(value) * 2 ** -11));
  }
  expect(warnings).toEqual([expect.stringMatching(/^512 values of blk\.0\.attn_v\.weight are too large for F16/)]);
});
