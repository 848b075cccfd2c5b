import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { madeUpText } from "../../testing/madeUpText.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import type { ConversionSummary } from "../ConversionSummary.js";
import { convert } from "../testing/convert.js";
import { readGgufFile, type GgufFile } from "../testing/readGgufFile.js";
import { TinyModel } from "../testing/TinyModel.js";
import { unpackMixedWeight } from "../testing/unpackMixedWeight.js";
import type { EqualizationMode } from "./equalize.js";

const directory = temporaryDirectory();

/** Input channels of the first layer's attention, and of its feed-forward's last linear, that get outliers. */
const NORM_CHANNELS = [3, 40];
const UP_CHANNELS = [7, 100];

/** Multiplies what makes some channels and divides what reads them: the model computes the same. */
function plantOutliers(model: TinyModel): TinyModel {
  const values = (name: string): Float32Array => model.tensor(`model.layers.0.${name}`).data as Float32Array;
  const columns = (name: string): number => model.tensor(`model.layers.0.${name}`).shape[1] ?? NaN;
  const scaleColumns = (name: string, channels: readonly number[], factor: number): void => {
    const weight = values(name);
    for (let at = 0; at < weight.length; at++) {
      if (channels.includes(at % columns(name))) weight[at] = (weight[at] ?? NaN) * factor;
    }
  };
  for (const channel of NORM_CHANNELS) {
    const gain = values("input_layernorm.weight");
    gain[channel] = (gain[channel] ?? NaN) * 128;
  }
  for (const name of ["q_proj", "k_proj", "v_proj"]) scaleColumns(`self_attn.${name}.weight`, NORM_CHANNELS, 1 / 128);
  const up = values("mlp.up_proj.weight");
  const inputs = columns("mlp.up_proj.weight");
  for (const channel of UP_CHANNELS) {
    for (let at = channel * inputs; at < (channel + 1) * inputs; at++) up[at] = (up[at] ?? NaN) * 64;
  }
  scaleColumns("mlp.down_proj.weight", UP_CHANNELS, 1 / 64);
  return model;
}

async function convertTiny(
  name: string,
  model: TinyModel,
  equalization: EqualizationMode
): Promise<ConversionSummary & { file: GgufFile }> {
  const text = path.join(directory, "text.txt");
  writeFileSync(text, madeUpText(3, 3000));
  const output = path.join(directory, `${name}.gguf`);
  const summary = await convert({
    source: model.write(directory, name),
    output,
    search: "global",
    method: "rtn",
    budget: { unit: "percent", percent: 0 },
    equalization,
    calibration: { files: [text], samples: 8, sequenceLength: 64, workDirectory: `${output}.work`, memory: 2 ** 30 }
  });
  return { ...summary, file: readGgufFile(output) };
}

/** Relative error of what a file's linears do with some of their input channels, what makes these included. */
function errorOf(file: GgufFile, target: string, source: string, channels: readonly number[], made: number[]): number {
  const { data, shape } = new TinyModel().tensor(`model.layers.0.${source}.weight`);
  const inputs = shape[1] ?? NaN;
  let [error, square] = [0, 0];
  for (const [row, { values }] of unpackMixedWeight(file, `blk.0.${target}.weight`).entries()) {
    for (const channel of channels) {
      const original = data[row * inputs + channel] ?? NaN;
      error += ((values[channel] ?? NaN) * (made[channel] ?? NaN) - original) ** 2;
      square += original ** 2;
    }
  }
  return Math.sqrt(error / square);
}

/** By how much a file's norm gains, or rows of a linear, are larger than the model's without outliers. */
function gainsOf(file: GgufFile): number[] {
  const gain = file.tensors.find(({ name }) => name === "blk.0.attn_norm.weight")?.data as Buffer;
  const before = new TinyModel().tensor("model.layers.0.input_layernorm.weight").data;
  return Array.from(before, (value, channel) => gain.readFloatLE(4 * channel) / value);
}

function upScalesOf(file: GgufFile): number[] {
  const { data, shape } = new TinyModel().tensor("model.layers.0.mlp.up_proj.weight");
  const inputs = shape[1] ?? NaN;
  const norm = (values: Iterable<number>): number => Math.hypot(...values);
  return unpackMixedWeight(file, "blk.0.ffn_up.weight").map(
    ({ values }, row) =>
      2 ** Math.round(Math.log2(norm(values) / norm(data.subarray(row * inputs, (row + 1) * inputs))))
  );
}

test("channels a hundred times larger than their neighbours lose no more than others, and only so equalized", async () => {
  const equalized = await convertTiny("equalized", plantOutliers(new TinyModel()), "auto");
  const plain = await convertTiny("plain", plantOutliers(new TinyModel()), "off");
  expect(plain.mixed?.equalization).toBe("off");
  expect(plain.file.metadata.get("mixllm.equalization")?.value).toBe("off");
  // The norm, the three linears behind it; up and down.
  expect(equalized.mixed?.equalization).toBe("6 tensors");
  for (const [target, source, channels, scales] of [
    ["attn_v", "self_attn.v_proj", NORM_CHANNELS, gainsOf],
    ["ffn_down", "mlp.down_proj", UP_CHANNELS, upScalesOf]
  ] as const) {
    expect(errorOf(equalized.file, target, source, channels, scales(equalized.file)), target).toBeLessThan(0.2);
    expect(errorOf(plain.file, target, source, channels, scales(plain.file)), target).toBeGreaterThan(0.8);
  }
});

test("a model without outliers is left as it is", async () => {
  const { mixed, file } = await convertTiny("untouched", new TinyModel(), "auto");
  expect(mixed?.equalization).toBe("0 tensors");
  expect(gainsOf(file).every((gain) => gain === 1)).toBe(true);
});
