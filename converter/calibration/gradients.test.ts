import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import type { ConverterAddon, SourceRows } from "../ConverterAddon.js";
import type { LayerCall, LayerShape } from "../MethodAddon.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

// Gradients are checked against differences of the forward pass alone, whose correctness other tests hold against the
// original framework's logits.

const directory = temporaryDirectory();
const LENGTH = 12;
const VOCABULARY = 80;

let addon: ConverterAddon;
beforeAll(async () => {
  addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
});

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32 - 0.5;
}

function rows(count: number, columns: number, scale: number, offset = 0): SourceRows {
  const values = Float32Array.from({ length: count * columns }, () => offset + scale * random());
  return { data: new Uint8Array(values.buffer), type: "f32", rows: count, columns };
}

const floats = ({ data }: SourceRows): Float32Array => new Float32Array(data.buffer);

const SHAPE: LayerShape = {
  hidden: 64,
  heads: 4,
  kvHeads: 2,
  headLength: 16,
  feedForward: 96,
  normEpsilon: 1e-5,
  rope: {
    base: 10_000,
    frequencyScale: 1,
    extrapolation: 0,
    attentionFactor: 1,
    betaFast: 32,
    betaSlow: 1,
    originalContext: 0,
    neox: false
  }
};

interface Form {
  name: string;
  shape: LayerShape;
  extra: Record<string, SourceRows>;
}

const FORMS: Form[] = [
  { name: "Llama 3", shape: SHAPE, extra: { "rope_freqs.weight": rows(1, 8, 2, 3) } },
  {
    name: "Llama with linear rope scaling",
    shape: { ...SHAPE, rope: { ...SHAPE.rope, frequencyScale: 0.25 } },
    extra: {}
  },
  {
    name: "Qwen 2",
    shape: { ...SHAPE, rope: { ...SHAPE.rope, neox: true } },
    extra: { "attn_q.bias": rows(1, 64, 1), "attn_k.bias": rows(1, 32, 1), "attn_v.bias": rows(1, 32, 1) }
  },
  {
    name: "Qwen 3, heads longer than hidden / heads, YaRN",
    shape: {
      ...SHAPE,
      headLength: 32,
      rope: { ...SHAPE.rope, neox: true, frequencyScale: 0.5, extrapolation: 1, originalContext: 8 }
    },
    extra: { "attn_q_norm.weight": rows(1, 32, 0.5, 1), "attn_k_norm.weight": rows(1, 32, 0.5, 1) }
  }
];

function layerCall({ shape, extra }: Form, samples: number): LayerCall {
  const { hidden, heads, kvHeads, headLength, feedForward } = shape;
  const [query, key] = [heads * headLength, kvHeads * headLength];
  return {
    shape,
    weights: {
      "attn_q.weight": rows(query, hidden, 0.5),
      "attn_k.weight": rows(key, hidden, 0.5),
      "attn_v.weight": rows(key, hidden, 0.5),
      "attn_output.weight": rows(hidden, query, 0.5),
      "ffn_gate.weight": rows(feedForward, hidden, 0.5),
      "ffn_up.weight": rows(feedForward, hidden, 0.5),
      "ffn_down.weight": rows(hidden, feedForward, 0.5),
      "attn_norm.weight": rows(1, hidden, 0.5, 1),
      "ffn_norm.weight": rows(1, hidden, 0.5, 1),
      ...extra
    },
    calibration: {
      samples,
      length: LENGTH,
      batchSamples: Math.floor(2048 / LENGTH),
      tokens: Int32Array.from({ length: samples * LENGTH }, () => Math.floor((random() + 0.5) * VOCABULARY))
    },
    threads: 2
  };
}

function write(name: string, values: Float32Array): string {
  const file = path.join(directory, name);
  writeFileSync(file, values);
  return file;
}

function read(file: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);

/** The layer's outputs weighted by `gradient`: a loss whose gradient at the outputs is `gradient`. */
async function loss(call: LayerCall, input: Float32Array, gradient: Float32Array): Promise<number> {
  const output = path.join(directory, "output");
  await addon.forwardLayer(call, write("input", input), output).result;
  return dot(read(output), gradient);
}

const noise = (count: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, () => scale * random());
const shifted = (x: Float32Array, by: Float32Array, step: number): Float32Array =>
  x.map((value, i) => value + step * (by[i] ?? NaN));

describe.each(FORMS)("$name", (form) => {
  test("the gradient at a layer's input is what small changes of the input do", async () => {
    const call = layerCall(form, 3);
    const count = 3 * LENGTH * form.shape.hidden;
    const input = noise(count, 2);
    const gradient = noise(count, 1);
    const result = path.join(directory, "input-gradient");
    await addon.backwardLayer(call, write("input", input), write("gradient", gradient), result).result;
    const found = read(result);
    for (let direction = 0; direction < 4; direction++) {
      const change = noise(count, 1);
      const step = 1e-2;
      const difference =
        (await loss(call, shifted(input, change, step), gradient)) -
        (await loss(call, shifted(input, change, -step), gradient));
      const scale = Math.sqrt(dot(found, found) * dot(change, change));
      expect(Math.abs(difference / (2 * step) - dot(found, change)) / scale).toBeLessThan(2e-5);
    }
  });

  test("the salience of a channel is what moving it along its rounding error does to the loss", async () => {
    const call = layerCall(form, 1);
    const count = LENGTH * form.shape.hidden;
    const input = noise(count, 2);
    const gradient = noise(count, 1);
    const salience = await addon.backwardLayer(
      call,
      write("input", input),
      write("gradient", gradient),
      path.join(directory, "unused")
    ).result;
    for (const [name, { taylor, fisher }] of Object.entries(salience)) {
      const weight = call.weights[name] as SourceRows;
      expect(taylor).toHaveLength(weight.rows);
      expect(fisher.every((value) => value > 0)).toBe(true);
      for (const channel of [0, Math.floor(weight.rows / 2) + 1, weight.rows - 1]) {
        const own = floats(weight).subarray(channel * weight.columns, (channel + 1) * weight.columns);
        const before = own.slice();
        const error = roundingError(before);
        // The rounding error itself is too long a step for a difference to measure a slope.
        const at = async (step: number): Promise<number> => {
          own.set(shifted(before, error, step));
          return loss(call, input, gradient);
        };
        const slope = (8 * ((await at(0.1)) - (await at(-0.1))) - ((await at(0.2)) - (await at(-0.2)))) / (12 * 0.1);
        own.set(before);
        const expected = Math.abs(slope + slope ** 2 / 2);
        expect(Math.abs((taylor[channel] ?? NaN) - expected), `${name} ${channel}`).toBeLessThan(
          2e-3 * (Math.abs(slope) + 0.05)
        );
      }
    }
  });
});

/** Rounding to 4 bits by the format's definition, groups of 128, as a difference. */
function roundingError(row: Float32Array): Float32Array {
  const error = new Float32Array(row.length);
  for (let begin = 0; begin < row.length; begin += 128) {
    const group = row.subarray(begin, begin + 128);
    const low = Math.min(0, ...group);
    const range = (Math.max(0, ...group) - low) / 15;
    const halfStep = 2 ** (Math.floor(Math.log2(range)) - 10); // a half has 11 significant bits
    const scale = Math.round(range / halfStep) * halfStep;
    const zero = Math.round(-low / scale);
    group.forEach((weight, i) => {
      const q = Math.min(15, Math.max(0, Math.round(weight / scale) + zero));
      error[begin + i] = (q - zero) * scale - weight;
    });
  }
  return error;
}

test("the loss is the mean next-token cross entropy, and its gradient what small changes do", async () => {
  const hidden = 48;
  const samples = 2;
  const norm = rows(1, hidden, 0.5, 1);
  const head = rows(VOCABULARY, hidden, 1);
  const tokens = Int32Array.from({ length: samples * LENGTH }, () => Math.floor((random() + 0.5) * VOCABULARY));
  const calibration = { samples, length: LENGTH, batchSamples: Math.floor(2048 / LENGTH), tokens };
  const call = { norm, head, normEpsilon: 1e-5, calibration, threads: 2 };
  const input = noise(samples * LENGTH * hidden, 2);
  const gradientFile = path.join(directory, "head-gradient");
  const run = async (x: Float32Array): Promise<Float64Array> =>
    addon.headLoss(call, write("x", x), gradientFile).result;

  const losses = await run(input);
  const gradient = read(gradientFile);
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    for (let position = 0; position + 1 < LENGTH; position++) {
      const x = input.subarray((sample * LENGTH + position) * hidden, (sample * LENGTH + position + 1) * hidden);
      const rms = Math.sqrt(dot(x, x) / hidden + 1e-5);
      const normed = x.map((value, i) => (value / rms) * (floats(norm)[i] ?? NaN));
      const logits = Array.from({ length: VOCABULARY }, (_, token) =>
        dot(normed, floats(head).subarray(token * hidden, (token + 1) * hidden))
      );
      const next = tokens[sample * LENGTH + position + 1] ?? -1;
      sum += Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - (logits[next] ?? NaN);
    }
    expect(losses[sample]).toBeCloseTo(sum / (LENGTH - 1), 5);
  }

  const change = noise(input.length, 1);
  const step = 1e-2;
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const difference = total(await run(shifted(input, change, step))) - total(await run(shifted(input, change, -step)));
  expect(difference / (2 * step)).toBeCloseTo(dot(gradient, change), 3);
});
