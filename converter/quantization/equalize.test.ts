import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { madeUpText } from "../../testing/madeUpText.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { floatsOf, readTensorFile } from "../checkpoint/tensorFile.js";
import type { ConversionSummary } from "../ConversionSummary.js";
import { convert } from "../testing/convert.js";
import { readGgufFile, type GgufFile } from "../testing/readGgufFile.js";
import { TinyModel } from "../testing/TinyModel.js";
import { unpackMixedWeight } from "../testing/unpackMixedWeight.js";
import type { EqualizationMode } from "./equalize.js";

const directory = temporaryDirectory();

/**
 * Input channels of the first layer's attention, of its last linear and of the feed-forward's last that get outliers;
 * two heads of queries read what one row of values makes.
 */
const NORM_CHANNELS = [3, 40];
const VALUE_CHANNELS = [5, 21, 36, 52];
const UP_CHANNELS = [7, 100];

/** The row of values that makes an input channel of attention's last linear: heads of 16, two to each of values. */
const valueRow = (channel: number): number => 16 * Math.floor(channel / 32) + (channel % 16);

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
  const scaleRows = (name: string, rows: ReadonlySet<number>, factor: number): void => {
    const weight = values(name);
    for (let at = 0; at < weight.length; at++) {
      if (rows.has(Math.floor(at / columns(name)))) weight[at] = (weight[at] ?? NaN) * factor;
    }
  };
  scaleRows("self_attn.v_proj.weight", new Set(VALUE_CHANNELS.map(valueRow)), 64);
  scaleColumns("self_attn.o_proj.weight", VALUE_CHANNELS, 1 / 64);
  scaleRows("mlp.up_proj.weight", new Set(UP_CHANNELS), 64);
  scaleColumns("mlp.down_proj.weight", UP_CHANNELS, 1 / 64);
  return model;
}

async function convertTiny(
  name: string,
  model: TinyModel,
  equalization: EqualizationMode,
  salience?: string
): Promise<ConversionSummary & { file: GgufFile }> {
  const text = path.join(directory, "text.txt");
  writeFileSync(text, madeUpText(3, 3000));
  const output = path.join(directory, `${name}.gguf`);
  const summary = await convert({
    source: model.write(directory, name),
    output,
    search: "global",
    method: "rtn",
    budget: { unit: "percent", percent: salience === undefined ? 0 : 10 }, // none in 8 bits takes no search
    equalization,
    ...(salience === undefined ? {} : { salience }),
    calibration: { files: [text], samples: 8, sequenceLength: 64, workDirectory: `${output}.work`, memory: 2 ** 30 }
  });
  return { ...summary, file: readGgufFile(output) };
}

/** What a file's channels are larger by than those of the model without outliers, and rows that make others. */
interface Scales {
  readonly columns: readonly number[];
  readonly rows?: readonly number[];
}

/** Relative error of what a file's linears do with some of their input channels, what makes these included. */
function errorOf(
  file: GgufFile,
  target: string,
  source: string,
  channels: readonly number[],
  { columns, rows }: Scales
): number {
  const { data, shape } = new TinyModel().tensor(`model.layers.0.${source}.weight`);
  const inputs = shape[1] ?? NaN;
  let [error, square] = [0, 0];
  for (const [row, { values }] of unpackMixedWeight(file, `blk.0.${target}.weight`).entries()) {
    for (const channel of channels) {
      const original = data[row * inputs + channel] ?? NaN;
      const found = ((values[channel] ?? NaN) * (columns[channel] ?? NaN)) / (rows?.[row] ?? 1);
      error += (found - original) ** 2;
      square += original ** 2;
    }
  }
  return Math.sqrt(error / square);
}

/** By how much a file's norm gains, or rows of a linear, are larger than the model's without outliers. */
function gainsOf(file: GgufFile, target = "attn_norm", source = "input_layernorm"): number[] {
  const gain = file.tensors.find(({ name }) => name === `blk.0.${target}.weight`)?.data as Buffer;
  const before = new TinyModel().tensor(`model.layers.0.${source}.weight`).data;
  return Array.from(before, (value, channel) => gain.readFloatLE(4 * channel) / value);
}

/** By which powers of two a file's rows of a linear are larger than the model's, whose columns are to be scaled. */
function rowScalesOf(file: GgufFile, target: string, source: string, columns?: readonly number[]): number[] {
  const { data, shape } = new TinyModel().tensor(`model.layers.0.${source}.weight`);
  const inputs = shape[1] ?? NaN;
  return unpackMixedWeight(file, `blk.0.${target}.weight`).map(({ values }, row) => {
    const own = values.map((value, channel) => value * (columns?.[channel] ?? 1));
    const original = data.subarray(row * inputs, (row + 1) * inputs);
    return 2 ** Math.round(Math.log2(Math.hypot(...own) / Math.hypot(...original)));
  });
}

function valueScalesOf(file: GgufFile): number[] {
  return rowScalesOf(file, "attn_v", "self_attn.v_proj", gainsOf(file));
}

/** How a file's linears are scaled that have outliers. */
const SCALES: Readonly<Record<string, (file: GgufFile) => Scales>> = {
  attn_v: (file) => ({ columns: gainsOf(file), rows: valueScalesOf(file) }),
  attn_output: (file) => {
    const rows = valueScalesOf(file);
    return { columns: Array.from({ length: 64 }, (_, channel) => rows[valueRow(channel)] ?? NaN) };
  },
  ffn_down: (file) => ({ columns: rowScalesOf(file, "ffn_up", "mlp.up_proj") })
};

test("channels a hundred times larger than their neighbours lose no more than others, and only so equalized", async () => {
  const equalized = await convertTiny("equalized", plantOutliers(new TinyModel()), "auto");
  const plain = await convertTiny("plain", plantOutliers(new TinyModel()), "off");
  expect(plain.mixed?.equalization).toBe("off");
  expect(plain.file.metadata.get("mixllm.equalization")?.value).toBe("off");
  // The norm, the three linears behind it, attention's last; up and down.
  expect(equalized.mixed?.equalization).toBe("7 tensors");
  for (const [target, source, channels] of [
    ["attn_v", "self_attn.v_proj", NORM_CHANNELS],
    ["attn_output", "self_attn.o_proj", VALUE_CHANNELS],
    ["ffn_down", "mlp.down_proj", UP_CHANNELS]
  ] as const) {
    const error = ({ file }: { file: GgufFile }): number =>
      errorOf(file, target, source, channels, SCALES[target]?.(file) ?? { columns: [] });
    expect(error(equalized), target).toBeLessThan(0.2);
    expect(error(plain), target).toBeGreaterThan(0.8);
  }
});

test("the search measures weights as they are equalized, and by the paper's measure as the model has them", async () => {
  const saved = (name: string): string => path.join(directory, `searched-${name}.safetensors`);
  await convertTiny("searched-untouched", new TinyModel(), "auto", saved("untouched"));
  await convertTiny("searched-plain", plantOutliers(new TinyModel()), "off", saved("plain"));
  await convertTiny("searched-equalized", plantOutliers(new TinyModel()), "auto", saved("equalized"));
  const sumOf = async (name: string, array: string): Promise<number> => {
    const data = (await readTensorFile(saved(name))).arrays.get(array);
    return floatsOf(data ?? new Uint8Array()).reduce((sum, value) => sum + value, 0);
  };
  for (const name of ["attn_q", "attn_v", "attn_output", "ffn_down"].map((each) => `blk.0.${each}.weight`)) {
    const own = await sumOf("plain", `${name}.taylor`);
    expect(Math.abs((await sumOf("equalized", `${name}.taylor`)) / own - 1), name).toBeLessThan(1e-3);
    const [untouched, plain, equalized] = await Promise.all(
      ["untouched", "plain", "equalized"].map((each) => sumOf(each, `${name}.fisher`))
    );
    expect(plain, name).toBeGreaterThan(2 * (untouched ?? NaN));
    expect(equalized, name).toBeLessThan(1.5 * (untouched ?? NaN));
  }
  await expect(convertTiny("reused", plantOutliers(new TinyModel()), "auto", saved("plain"))).rejects.toThrow(
    "searched-plain.safetensors holds salience of weights that were equalized otherwise"
  );
});

test("weights too small or large for the format's scales are moved into their range", async () => {
  const resized = (factor: number): TinyModel => {
    const model = new TinyModel();
    const scale = (name: string, by: number): void => {
      const values = model.tensor(`model.layers.0.${name}.weight`).data as Float32Array;
      for (let at = 0; at < values.length; at++) values[at] = (values[at] ?? NaN) * by;
    };
    scale("post_attention_layernorm", 1 / factor);
    scale("mlp.gate_proj", factor);
    scale("mlp.up_proj", factor);
    return model;
  };
  const error = ({ file }: { file: GgufFile }): number => {
    const columns = gainsOf(file, "ffn_norm", "post_attention_layernorm");
    return errorOf(file, "ffn_gate", "mlp.gate_proj", [...columns.keys()], { columns });
  };
  expect(error(await convertTiny("small", resized(2 ** -23), "auto"))).toBeLessThan(0.2);
  expect(error(await convertTiny("large", resized(2 ** 23), "auto"))).toBeLessThan(0.2);
  expect(error(await convertTiny("too-small", resized(2 ** -23), "off"))).toBeGreaterThan(0.8);
  await expect(convertTiny("too-large", resized(2 ** 23), "off")).rejects.toThrow("gate_proj");
});

test("a model without outliers is left as it is", async () => {
  const { mixed, file } = await convertTiny("untouched", new TinyModel(), "auto");
  expect(mixed?.equalization).toBe("0 tensors");
  expect(gainsOf(file).every((gain) => gain === 1)).toBe(true);
});
