import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { encodeSafetensors, type TestTensor } from "../testing/encodeSafetensors.js";
import { writeForm } from "../testing/forms/forms.js";
import { pseudoRandom } from "../testing/pseudoRandom.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { floatsOf, readTensorFile } from "./checkpoint/tensorFile.js";
import type { ConvertModelOptions } from "./convertModel.js";
import { convert } from "./testing/convert.js";
import { EditableGguf } from "./testing/EditableGguf.js";
import { readGgufFile } from "./testing/readGgufFile.js";
import { half, unpackMixedWeight } from "./testing/unpackMixedWeight.js";

const directory = temporaryDirectory();
const file = (name: string): string => path.join(directory, name);
const text = path.join(packageRoot, "README.md");

/** What a conversion with calibration is given. */
function calibrated(output: string): Pick<ConvertModelOptions, "output" | "search" | "method" | "calibration"> {
  return {
    output,
    search: "global",
    method: "gptq",
    calibration: { files: [text], samples: 3, sequenceLength: 64, workDirectory: `${output}.work`, memory: 2 ** 30 }
  };
}

let qwen: string;
beforeAll(() => {
  qwen = writeForm("qwen3moe", directory);
});

describe("experts", () => {
  test("are mixed by the loss over the whole model, each with a multiple of 16 channels", async () => {
    const { mixed, stock } = await convert({ source: qwen, ...calibrated(file("global.gguf")) });
    const stacks = mixed?.weights.filter(({ experts }) => experts !== undefined) ?? [];
    expect(stacks.map(({ name }) => name.replace(/^blk\.\d\./, ""))).toEqual([
      ...["ffn_down_exps.weight", "ffn_gate_exps.weight", "ffn_up_exps.weight"],
      ...["ffn_down_exps.weight", "ffn_gate_exps.weight", "ffn_up_exps.weight"]
    ]);
    const counts = stacks.flatMap(({ experts = [] }) => experts);
    expect(counts).toHaveLength(24);
    expect(counts.every((count) => count % 16 === 0)).toBe(true);
    for (const { experts = [], channels8bit } of stacks)
      expect(experts.reduce((sum, count) => sum + count, 0)).toBe(channels8bit);
    expect(mixed?.search).toBe("global");
    expect(stock.filter(({ name }) => name.includes("ffn_gate_inp")).map(({ type }) => type)).toEqual(["f32", "f32"]);
    // 192 tokens, two experts each, among four.
    expect(mixed?.sparseExperts?.every(({ tokens }) => tokens < 128)).toBe(true);
  });

  test("hold what they were, as near as 4 and 8 bits are", async () => {
    const source = file("qwen-f16.gguf");
    await convert({ source: qwen, output: source, format: "f16" });
    const [before, after] = [readGgufFile(source), readGgufFile(file("global.gguf"))];
    const halves = before.tensors.find(({ name }) => name === "blk.0.ffn_down_exps.weight");
    const channels = unpackMixedWeight(after, "blk.0.ffn_down_exps.weight");
    expect(channels).toHaveLength(4 * 128);
    for (const [channel, { values, bits }] of channels.entries()) {
      const floats = values.map((_, i) => halfAt(halves?.data, channel * values.length + i));
      const error = norm(values.map((value, i) => value - (floats[i] ?? NaN)));
      expect(error).toBeLessThan((bits === 4 ? 0.3 : 0.1) * norm(floats));
    }
  });

  test("have outliers equalized expert by expert", async () => {
    const planted = file("planted.gguf");
    await convert({ source: qwen, output: planted, format: "bf16" });
    const model = await EditableGguf.read(planted);
    // What a row of one expert makes 64 times as large, a column of it takes as much less of.
    const [expert, channel, width, hidden] = [1, 9, 64, 128];
    const scale = (name: string, exponent: number, isChanged: (at: number) => boolean): void => {
      const tensor = model.tensor(name);
      const values = new Uint16Array(Uint8Array.from(tensor.data).buffer);
      for (let at = 0; at < values.length; at++) if (isChanged(at)) values[at] = (values[at] ?? 0) + (exponent << 7);
      tensor.data = new Uint8Array(values.buffer);
    };
    const stack = width * hidden;
    scale("blk.0.ffn_up_exps.weight", 6, (at) => Math.floor(at / hidden) === expert * width + channel);
    scale("blk.0.ffn_down_exps.weight", -6, (at) => Math.floor(at / stack) === expert && at % width === channel);
    model.write(planted);

    const errors: number[] = [];
    const measures: { taylor: number; fisher: number }[] = [];
    for (const equalization of ["off", "auto"] as const) {
      const output = file(`planted-${equalization}.gguf`);
      const salience = `${output}.safetensors`;
      const options = { source: planted, ...calibrated(output), method: "rtn", equalization, salience } as const;
      const { mixed } = await convert(options);
      const { arrays } = await readTensorFile(salience);
      const measure = (kind: string): number => {
        const found = arrays.get(`blk.0.ffn_down_exps.weight.${kind}`) ?? new Uint8Array();
        return floatsOf(found).reduce((sum, value) => sum + value, 0);
      };
      measures.push({ taylor: measure("taylor"), fisher: measure("fisher") });
      expect(mixed?.equalization).toBe(equalization === "off" ? "off" : "2 tensors");
      const after = readGgufFile(output);
      const plain = readGgufFile(file("qwen-f16.gguf"));
      const original = plain.tensors.find(({ name }) => name === "blk.0.ffn_down_exps.weight");
      const rows = unpackMixedWeight(after, "blk.0.ffn_up_exps.weight");
      const row = rows[expert * width + channel]?.values ?? [];
      const made = plain.tensors.find(({ name }) => name === "blk.0.ffn_up_exps.weight");
      const makes = norm(row) / norm(row.map((_, i) => halfAt(made?.data, (expert * width + channel) * hidden + i)));
      const columns = unpackMixedWeight(after, "blk.0.ffn_down_exps.weight").slice(
        expert * hidden,
        (expert + 1) * hidden
      );
      const before = columns.map((_, i) => halfAt(original?.data, expert * stack + i * width + channel));
      const found = columns.map(({ values }) => makes * (values[channel] ?? NaN));
      errors.push(norm(found.map((value, i) => value - (before[i] ?? NaN))) / norm(before));
    }
    expect(errors[0]).toBeGreaterThan(0.8);
    expect(errors[1]).toBeLessThan(0.2);
    // The search's own measure is of the weights as equalized, the paper's of the model's.
    const [off, auto] = measures;
    expect(auto?.fisher).toBeLessThan(0.9 * (off?.fisher ?? NaN));
    expect(Math.abs((auto?.taylor ?? NaN) / (off?.taylor ?? NaN) - 1)).toBeLessThan(1e-3);
  });

  test.each([
    ["global", "rtn"],
    ["per_layer", "gptq"],
    ["weight_error", "rtn"],
    ["weight_error", "gptq"]
  ] as const)("go through --search %s --method %s", async (search, method) => {
    const output = file(`${search}-${method}.gguf`);
    const { mixed } = await convert({ source: qwen, ...calibrated(output), search, method });
    expect(mixed).toMatchObject({ search, method });
    expect(mixed?.percent8bit).toBeCloseTo(10, 0);
    if (search !== "per_layer") return;
    const shares = mixed?.weights.flatMap(({ outputChannels, channels8bit, experts }) =>
      (experts ?? [channels8bit]).map((count) => count / (outputChannels / (experts?.length ?? 1)))
    );
    // 16 of 64 channels are the least that an expert can have more than none.
    expect(Math.max(...(shares ?? []))).toBeLessThanOrEqual(0.25);
  });

  test("take budgets and fixed widths", async () => {
    const plain = { source: qwen, search: "weight_error", method: "rtn" } as const;
    const byBits = await convert({
      ...plain,
      output: file("bits.gguf"),
      budget: { unit: "bitsPerWeight", bitsPerWeight: 5 }
    });
    expect(byBits.mixed?.bitsPerWeight).toBeCloseTo(5, 1);
    const fixed = await convert({
      ...plain,
      output: file("fixed.gguf"),
      overrides: [
        { pattern: /ffn_down_exps/, treatment: "8" },
        { pattern: /ffn_up_exps/, treatment: "f16" }
      ]
    });
    const named = (part: string) => fixed.mixed?.weights.filter(({ name }) => name.includes(part)) ?? [];
    expect(named("ffn_down_exps").map(({ experts }) => experts)).toEqual([
      [128, 128, 128, 128],
      [128, 128, 128, 128]
    ]);
    expect(named("ffn_up_exps")).toEqual([]);
  });

  test("come out the same when what was left is taken up", async () => {
    const output = file("again.gguf");
    const options = { source: qwen, ...calibrated(output), force: true };
    await convert(options);
    const expected = readFileSync(output);
    // Cut short before the last step: the second layer is quantized again.
    const broken = new Error("cut short");
    await expect(
      convert(options, (detail) => {
        if (detail === "layer 1") throw broken;
      })
    ).rejects.toThrow(broken);
    expect(readdirSync(file("again.gguf.work")).length).toBeGreaterThan(2);
    await convert(options);
    expect(readFileSync(output).equals(expected)).toBe(true);
  });
});

describe("experts of gpt-oss in MXFP4", () => {
  /** Directories of one model: its experts in MXFP4, and the same values in BF16. */
  const packed = file("mxfp4");
  const plain = file("bf16");
  beforeAll(() => {
    const form = writeForm("gptoss-bf16", directory);
    const random = pseudoRandom(5);
    const { weights } = JSON.parse(
      readFileSync(path.join(packageRoot, "testing/forms/gptoss-bf16/form.json"), "utf8")
    ) as { weights: { "model.safetensors": Record<string, number[]> } };
    const original = readSafetensors(path.join(form, "model.safetensors"));
    const [inMxfp4, inBf16]: [TestTensor[], TestTensor[]] = [[], []];
    for (const [name, shape] of Object.entries(weights["model.safetensors"])) {
      if (!/experts\.(gate_up|down)_proj$/.test(name)) {
        const tensor = { name, dtype: "BF16", shape, data: original(name) };
        inMxfp4.push(tensor);
        inBf16.push(tensor);
        continue;
      }
      const [experts = 0, inputs = 0, outputs = 0] = shape;
      const count = (experts * inputs * outputs) / 32;
      const blocks = Uint8Array.from({ length: 16 * count }, () => Math.floor(256 * random()));
      const scales = Uint8Array.from({ length: count }, () => 117 + Math.floor(6 * random()));
      inMxfp4.push(
        { name: `${name}_blocks`, dtype: "U8", shape: [experts, outputs, inputs / 32, 16], data: blocks },
        { name: `${name}_scales`, dtype: "U8", shape: [experts, outputs, inputs / 32], data: scales }
      );
      // Transposed, as transformers has the same in BF16.
      const values = new Uint16Array(experts * inputs * outputs);
      for (let e = 0; e < experts; e++)
        for (let o = 0; o < outputs; o++)
          for (let i = 0; i < inputs; i++) {
            const at = (e * outputs + o) * inputs + i;
            const byte = blocks[at >> 1] ?? 0;
            const value = FP4[(at % 2 === 0 ? byte : byte >> 4) & 15] ?? NaN;
            values[(e * inputs + i) * outputs + o] = bf16(value * 2 ** ((scales[at >> 5] ?? 0) - 127));
          }
      inBf16.push({ name, dtype: "BF16", shape, data: values });
    }
    for (const [target, tensors] of [
      [packed, inMxfp4],
      [plain, inBf16]
    ] as const) {
      mkdirSync(target);
      for (const name of readdirSync(form))
        if (name !== "model.safetensors") writeFileSync(path.join(target, name), readFileSync(path.join(form, name)));
      writeFileSync(path.join(target, "model.safetensors"), encodeSafetensors(tensors));
    }
    const config = path.join(packed, "config.json");
    const values = JSON.parse(readFileSync(config, "utf8")) as object;
    writeFileSync(config, JSON.stringify({ ...values, quantization_config: { quant_method: "mxfp4" } }));
  });

  test("are the values they were trained as, in a stock file and in a MixLLM one", async () => {
    for (const options of [{ format: "bf16" }, calibrated(""), { search: "weight_error", method: "rtn" }] as const) {
      const [files, said] = [[] as unknown[], [] as unknown[]];
      for (const [name, source] of Object.entries({ packed, plain })) {
        const output = file(`${name}.gguf`);
        const { warnings } = await convert({
          source,
          ...options,
          ...("calibration" in options ? calibrated(output) : {}),
          output,
          force: true
        });
        // By name: in MXFP4 their source lists them in another order.
        files.push([...readGgufFile(output).tensors].sort((a, b) => (a.name < b.name ? -1 : 1)));
        said.push(warnings.map((warning) => warning.replaceAll(source, "SOURCE")));
      }
      expect(files[0]).toEqual(files[1]);
      expect(said[0]).toEqual(said[1]); // nothing about a quantization
    }
  });

  test("are read from a GGUF too, where nothing else may be quantized", async () => {
    await convert({ source: plain, output: file("plain-bf16.gguf"), format: "bf16" });
    const gguf = await EditableGguf.read(file("plain-bf16.gguf"));
    const safetensors = readSafetensors(path.join(packed, "model.safetensors"));
    for (const layer of [0, 1]) {
      const name = `model.layers.${layer}.mlp.experts.down_proj`;
      const stack = gguf.tensor(`blk.${layer}.ffn_down_exps.weight`);
      stack.type = "mxfp4";
      stack.data = ggmlBlocks(safetensors(`${name}_blocks`), safetensors(`${name}_scales`));
    }
    const source = gguf.write(file("mxfp4.gguf"));
    const output = file("from-mxfp4.gguf");
    await convert({ source, ...calibrated(output) });
    await convert({ source: file("plain-bf16.gguf"), ...calibrated(file("from-bf16.gguf")) });
    expect(readGgufFile(output).tensors).toEqual(readGgufFile(file("from-bf16.gguf")).tensors);

    const other = await EditableGguf.read(source);
    other.setString("general.architecture", "llama");
    await expect(convert({ source: other.write(file("llama-mxfp4.gguf")), output: file("none.gguf") })).rejects.toThrow(
      'is quantized already: tensor "blk.0.ffn_down_exps.weight" is MXFP4'
    );
  });
});

/** Values of the 16 floats of 4 bits; ggml has one zero. */
const FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** The BF16 of a number that it holds exactly. */
function bf16(value: number): number {
  return (new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0) >>> 16;
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}

function halfAt(data: Buffer | undefined, index: number): number {
  return half(data?.readUInt16LE(2 * index) ?? 0);
}

/** The bytes of a file's tensors by name. */
function readSafetensors(name: string): (tensor: string) => Uint8Array {
  const bytes = readFileSync(name);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<string, { data_offsets: [number, number] }>;
  return (tensor) => {
    const [from, to] = header[tensor]?.data_offsets ?? [0, 0];
    return Uint8Array.from(bytes.subarray(start + from, start + to));
  };
}

/** MXFP4 as ggml has it: of each 32 values the scale, then value i and i + 16 in each byte. */
function ggmlBlocks(blocks: Uint8Array, scales: Uint8Array): Uint8Array {
  const value = (at: number): number => ((blocks[at >> 1] ?? 0) >> (4 * (at % 2))) & 15;
  return Uint8Array.from({ length: 17 * scales.length }, (_, byte) => {
    const [block, i] = [Math.floor(byte / 17), (byte % 17) - 1];
    return i < 0 ? (scales[block] ?? 0) : value(32 * block + i) | (value(32 * block + i + 16) << 4);
  });
}
