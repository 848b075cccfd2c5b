import path from "node:path";
import { expect, test } from "vitest";
import { convert } from "../testing/convert.js";
import { readGgufFile } from "../testing/readGgufFile.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { TinyModel } from "../testing/TinyModel.js";
import { half, unpackMixedWeight, type UnpackedChannel } from "../testing/unpackMixedWeight.js";

const directory = temporaryDirectory();

/** Weight names with their safetensors names, and the heads whose rows are interleaved. */
const WEIGHTS = [
  ["blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight", 4],
  ["blk.0.attn_k.weight", "model.layers.0.self_attn.k_proj.weight", 2],
  ["blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj.weight", 0],
  ["blk.0.attn_output.weight", "model.layers.0.self_attn.o_proj.weight", 0],
  ["blk.0.ffn_gate.weight", "model.layers.0.mlp.gate_proj.weight", 0],
  ["blk.0.ffn_up.weight", "model.layers.0.mlp.up_proj.weight", 0],
  ["blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight", 0]
] as const;

/** A model with what quantizers trip over: zeros, one-sided and tiny groups, halves of steps, a lone outlier. */
function awkwardModel(): TinyModel {
  const model = new TinyModel();
  const down = model.tensor("model.layers.0.mlp.down_proj.weight").data;
  down.fill(0, 0, 160); // a row of zeros
  for (let i = 160; i < 320; i++) down[i] = 0.25 + (i % 7) * 0.01; // far from zero, all positive
  for (let i = 320; i < 480; i++) down[i] = -0.25 - (i % 7) * 0.01; // all negative
  for (let i = 480; i < 640; i++) down[i] = (i % 2 === 0 ? 1 : -1) * 1e-9; // below the smallest half
  for (let i = 640; i < 800; i++) down[i] = ((i % 31) - 15) / 2; // ties between steps
  down[800] = 900; // one value that dwarfs its group
  return model;
}

test.each([0, 10, 50, 100])(
  "with %d percent in 8 bits every stored integer is the nearest one",
  async (percent8bit) => {
    const model = awkwardModel();
    const output = path.join(directory, `rtn-${percent8bit}.gguf`);
    await convert({ source: model.write(directory), output, budget: { unit: "percent", percent: percent8bit } });
    const file = readGgufFile(output);

    let channels8bit = 0;
    let channels = 0;
    for (const [name, source, heads] of WEIGHTS) {
      const { shape, data } = model.tensor(source);
      const [n, k] = shape as [number, number];
      const unpacked = unpackMixedWeight(file, name);
      expect(unpacked).toHaveLength(n);
      channels += n;
      const count = unpacked.filter(({ bits }) => bits === 8).length;
      expect(count % 16).toBe(0);
      channels8bit += count;
      for (const [row, channel] of unpacked.entries()) {
        const from = sourceRow(row, n, heads);
        expectNearest(channel, Array.from(data.subarray(from * k, (from + 1) * k)), `${name} row ${row}`);
      }
      expect(file.tensors.some((tensor) => tensor.name === name)).toBe(false);
    }
    expect(channels8bit).toBe(16 * Math.round(((channels / 16) * percent8bit) / 100));
  }
);

/** Where Hugging Face keeps the row that llama.cpp's interleaved rope has at `row`. */
function sourceRow(row: number, rows: number, heads: number): number {
  if (heads === 0) return row;
  const headLength = rows / heads;
  const head = Math.floor(row / headLength);
  const pair = Math.floor((row % headLength) / 2);
  return head * headLength + pair + (row % 2 === 1 ? headLength / 2 : 0);
}

/** Checks a channel against the definition: grid from the group's range, scale a half, integers nearest to w / scale. */
function expectNearest({ bits, q, scales, zeros }: UnpackedChannel, weights: number[], what: string): void {
  for (let begin = 0; begin < weights.length; begin += 128) {
    const group = weights.slice(begin, begin + 128);
    const low = Math.min(0, ...group);
    const high = Math.max(0, ...group);
    const scale = scales[begin / 128] as number;
    const zero = zeros[begin / 128] as number;
    const range = bits === 4 ? Math.fround(Math.fround(high - low) / 15) : Math.fround(Math.max(-low, high) / 127);
    expect(scale, what).toBe(nearestHalf(range));
    if (bits === 4) expect(zero, what).toBe(scale === 0 ? 0 : roundHalfEven(Math.min(15, Math.abs(low) / scale)));

    const [least, most] = bits === 4 ? [0, 15] : [-127, 127];
    const expected = group.map((weight) => {
      const steps = scale === 0 ? 0 : roundHalfEven(Math.fround(weight / scale));
      return Math.min(most, Math.max(least, steps + zero));
    });
    expect(q.slice(begin, begin + 128), what).toEqual(expected);
  }
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** Every finite non-negative half, ascending. */
const HALVES = Array.from({ length: 0x7c00 }, (_, bits) => half(bits));

/** The half nearest to a non-negative value, ties to even. */
function nearestHalf(value: number): number {
  const above = HALVES.findIndex((candidate) => candidate >= value);
  if (above <= 0) return 0;
  const [low, high] = [HALVES[above - 1] as number, HALVES[above] as number];
  if (value - low !== high - value) return value - low < high - value ? low : high;
  return above % 2 === 0 ? high : low;
}

test("weights whose shape the format cannot hold stay F16 and are reported", async () => {
  const model = new TinyModel();
  model.config["intermediate_size"] = 168; // not a multiple of 16 outputs, nor of 32 inputs
  for (const { name, shape, data } of model.tensors) {
    if (!name.includes(".mlp.")) continue;
    shape[shape.indexOf(160)] = 168;
    model.tensor(name).data = new Float32Array((data.length / 160) * 168).fill(0.5);
  }
  const output = path.join(directory, "odd.gguf");
  const { stock } = await convert({ source: model.write(directory), output });
  expect(stock.filter(({ note }) => note !== undefined)).toEqual([
    { name: "blk.0.ffn_down.weight", type: "f16", note: "168 inputs are not a multiple of 32" },
    { name: "blk.0.ffn_gate.weight", type: "f16", note: "168 output channels are not a multiple of 16" },
    { name: "blk.0.ffn_up.weight", type: "f16", note: "168 output channels are not a multiple of 16" }
  ]);
  const { tensors } = readGgufFile(output);
  expect(tensors.find(({ name }) => name === "blk.0.ffn_down.weight")).toMatchObject({ type: "F16", ne: [168, 64] });
});

test("an empty part has no tensors", async () => {
  const model = new TinyModel().write(directory);
  for (const [percent8bit, absent] of [
    [0, ".w8"],
    [100, ".w4"]
  ] as const) {
    const output = path.join(directory, `empty-${percent8bit}.gguf`);
    await convert({ source: model, output, budget: { unit: "percent", percent: percent8bit } });
    const { tensors, metadata } = readGgufFile(output);
    expect(tensors.filter(({ name }) => name.includes(absent))).toEqual([]);
    expect(metadata.get("mixllm.search")).toEqual({ type: "STRING", value: "none" });
  }
});
