import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { readTensorFile } from "../checkpoint/tensorFile.js";
import { rotaryRowOrder } from "../model/WeightReader.js";
import { convert } from "../testing/convert.js";
import { madeUpText } from "../../testing/madeUpText.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

const directory = temporaryDirectory();
const demo = path.join(packageRoot, "models/demo");
const reference = path.join(packageRoot, "testing/reference/demo-salience.safetensors");

/** Hugging Face's module names by GGUF's, and the heads whose rows GGUF interleaves. */
const LINEARS = [
  ["attn_q", "self_attn.q_proj", 4],
  ["attn_k", "self_attn.k_proj", 2],
  ["attn_v", "self_attn.v_proj", 0],
  ["attn_output", "self_attn.o_proj", 0],
  ["ffn_gate", "mlp.gate_proj", 0],
  ["ffn_up", "mlp.up_proj", 0],
  ["ffn_down", "mlp.down_proj", 0]
] as const;

const floats = ({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array =>
  new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));

test("the demo model's salience is the independent reference's, channel by channel", { timeout: 900_000 }, async () => {
  const file = path.join(directory, "salience.safetensors");
  const text = path.join(directory, "made-up.txt");
  writeFileSync(text, madeUpText(1, 6000));
  await convert({
    source: demo,
    output: path.join(directory, "demo.gguf"),
    search: "global",
    salience: file,
    method: "rtn",
    calibration: {
      files: [text],
      samples: 16,
      sequenceLength: 128,
      workDirectory: path.join(directory, "work"),
      memory: 2 ** 31
    }
  });
  const found = (await readTensorFile(file)).arrays;
  const expected = (await readTensorFile(reference)).arrays;
  let worst = 0;
  for (let layer = 0; layer < 4; layer++) {
    for (const [name, module, heads] of LINEARS) {
      const ours = floats(found.get(`blk.${layer}.${name}.weight.taylor`) as Uint8Array);
      const theirs = floats(expected.get(`model.layers.${layer}.${module}`) as Uint8Array);
      expect(ours).toHaveLength(theirs.length);
      const order = heads === 0 ? ours.keys() : rotaryRowOrder(ours.length, heads);
      for (const [row, source] of [...order].entries()) {
        const value = theirs[source] ?? NaN;
        worst = Math.max(worst, Math.abs((ours[row] ?? NaN) - value) / value);
      }
    }
  }
  // Equal to the precision of float32, so are every ranking and every set of best channels.
  expect(worst).toBeLessThan(1e-4);
});

const calibration = {
  files: [path.join(packageRoot, "README.md")],
  samples: 4,
  sequenceLength: 64,
  workDirectory: path.join(directory, "small.work"),
  memory: 2 ** 30
};

test("saved salience serves another budget without a search, and no other model or calibration", async () => {
  const file = path.join(directory, "reused.safetensors");
  const output = path.join(directory, "reused.gguf");
  const options = { source: demo, output, force: true, search: "global", salience: file, calibration } as const;
  await convert(options);
  const first = await convert({ ...options, budget: { unit: "percent", percent: 20 } });
  rmSync(file);
  const second = await convert({ ...options, budget: { unit: "percent", percent: 20 } });
  expect(second.mixed?.weights).toEqual(first.mixed?.weights);
  await expect(convert({ ...options, calibration: { ...calibration, samples: 5 } })).rejects.toThrow(
    /reused\.safetensors holds salience of another search: its calibration is ".* 4 x 64", this conversion's ".* 5 x 64"/
  );
});

test.each(["taylor", "fisher"] as const)("ranked by %s, bits and file size are met within 0.5 %%", async (ranking) => {
  const file = path.join(directory, "budgets.safetensors");
  const output = path.join(directory, "budget.gguf");
  const options = {
    source: demo,
    output,
    force: true,
    search: "global",
    ranking,
    salience: file,
    calibration
  } as const;
  for (const bitsPerWeight of [4.3, 4.5, 5.5, 7.9]) {
    const { mixed } = await convert({ ...options, budget: { unit: "bitsPerWeight", bitsPerWeight } });
    expect(Math.abs((mixed?.bitsPerWeight ?? NaN) / bitsPerWeight - 1)).toBeLessThan(0.005);
    expect(mixed?.bitsPerWeight).toBeLessThanOrEqual(bitsPerWeight);
  }
  for (const [embeddingType, fileBytes] of [
    ["f16", 2_900_000],
    ["f16", 4_200_000],
    ["q8_0", 2_400_000],
    ["q8_0", 3_100_000],
    ["q6_K", 2_200_000]
  ] as const) {
    const { bytes } = await convert({ ...options, embeddingType, budget: { unit: "fileBytes", fileBytes } });
    expect(Math.abs(bytes / fileBytes - 1)).toBeLessThan(0.005);
    expect(bytes).toBeLessThanOrEqual(fileBytes);
  }
  for (const fileBytes of [1_000_000, 9_000_000]) {
    await expect(convert({ ...options, budget: { unit: "fileBytes", fileBytes } })).rejects.toThrow(
      /a file of .* cannot be met: this model's can have from 2\.\d+ MiB to 4\.\d+ MiB/
    );
  }
  for (const bitsPerWeight of [4.1, 8.5]) {
    await expect(convert({ ...options, budget: { unit: "bitsPerWeight", bitsPerWeight } })).rejects.toThrow(
      /bits per weight cannot be met: this model's weights can have from 4\.1\d+ to 8\.1/
    );
  }
});

test("weights can be fixed to 4 or 8 bits or left alone", async () => {
  const { mixed, stock } = await convert({
    source: demo,
    output: path.join(directory, "overrides.gguf"),
    search: "global",
    calibration,
    overrides: [
      { pattern: /blk\.0\./, treatment: "8" },
      { pattern: /ffn_up/, treatment: "4" },
      { pattern: /blk\.3\.ffn_down/, treatment: "f16" }
    ]
  });
  for (const { name, channels8bit, outputChannels } of mixed?.weights ?? []) {
    if (name.startsWith("blk.0.")) expect(channels8bit).toBe(outputChannels);
    else if (name.includes("ffn_up")) expect(channels8bit).toBe(0);
  }
  expect(mixed?.weights).toHaveLength(27);
  expect(stock).toContainEqual({ name: "blk.3.ffn_down.weight", type: "f16", note: "as asked for" });
  await expect(
    convert({
      source: demo,
      output: path.join(directory, "none.gguf"),
      overrides: [{ pattern: /ffn_dwon/, treatment: "8" }]
    })
  ).rejects.toThrow("no linear weight matches ffn_dwon");
});
