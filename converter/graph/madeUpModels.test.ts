import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { convert } from "../testing/convert.js";
import { EditableGguf } from "../testing/EditableGguf.js";
import { MADE_UP_MODELS, writeMadeUpModel } from "../testing/madeUpModels.js";

const directory = temporaryDirectory();
const file = (name: string): string => path.join(directory, name);

let demo: EditableGguf;
beforeAll(async () => {
  await convert({ source: path.join(packageRoot, "models/demo"), output: file("demo.gguf"), format: "bf16" });
  demo = await EditableGguf.read(file("demo.gguf"));
});

/** What becomes of a made-up model on samples as long as its context. */
async function convertMadeUp(name: keyof typeof MADE_UP_MODELS): ReturnType<typeof convert> {
  const output = file(`${name}.gguf`);
  const calibration = {
    files: [path.join(packageRoot, "README.md")],
    samples: 2,
    sequenceLength: 256,
    workDirectory: `${output}.work`,
    memory: 2 ** 30
  };
  const source = writeMadeUpModel(MADE_UP_MODELS[name], demo, file(`${name}-f32.gguf`));
  return convert({ source, output, search: "global", method: "gptq", calibration });
}

test("experts that are chosen by groups, and keys and values from a latent vector, take search and GPTQ", async () => {
  const { mixed, stock, warnings } = await convertMadeUp("deepseek2");
  expect(warnings).toEqual([]);
  expect(mixed).toMatchObject({ search: "global", method: "gptq" });
  expect(mixed?.weights.map(({ name }) => name)).toContain("blk.0.ffn_gate_exps.weight");
  expect(mixed?.weights.map(({ name }) => name)).toContain("blk.1.attn_kv_a_mqa.weight");
  const reasons = new Map(stock.map(({ name, note }) => [name, note]));
  expect(reasons.get("blk.0.attn_k_b.weight")).toBe("each of its matrices has inputs of its own");
  expect(reasons.get("blk.0.ffn_gate_inp.weight")).toBe("it routes tokens to experts");
});

test("samples may be as long as a table of positions", async () => {
  const { mixed, warnings } = await convertMadeUp("gpt2");
  expect(warnings).toEqual([]);
  expect(mixed).toMatchObject({ search: "global", method: "gptq" });
  expect(mixed?.weights).toHaveLength(8);
});

test("blocks that run several times over are rounded to nearest, and it is said", async () => {
  const { mixed, warnings } = await convertMadeUp("hrm");
  expect(warnings).toEqual([
    "calibration cannot run this model block by block: its blocks run more than once with the same weights; output " +
      "channels are ranked by their rounding error (weight_error) and rounded to nearest (rtn)"
  ]);
  expect(mixed).toMatchObject({ search: "weight_error", method: "rtn" });
  expect(mixed?.weights).toHaveLength(16);
});
