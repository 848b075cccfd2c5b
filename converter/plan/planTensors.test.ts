import { expect, test } from "vitest";
import type { ModelGraph } from "../MethodAddon.js";
import type { SourceModel } from "../model/SourceModel.js";
import type { ConversionOptions, HeadType } from "./ConversionOptions.js";
import { planTensors } from "./planTensors.js";

/** What an embedding with rows of `columns` values becomes, an output head beside it. */
function typesOf(columns: number, embeddingType: HeadType, outputType: HeadType): (string | undefined)[] {
  const tensors = ["token_embd.weight", "output.weight"].map((target) => ({
    spec: { target, shape: [96, columns], role: "unknown" },
    stored: { byteLength: 2 * 96 * columns },
    type: "BF16",
    rows: 96,
    columns
  }));
  const model = { tensors, computedTensors: [] } as unknown as SourceModel;
  const graph = { head: "output.weight", weights: [] } as unknown as ModelGraph;
  const options: ConversionOptions = {
    format: "mixllm",
    budget: { unit: "percent", percent: 10 },
    overrides: [],
    embeddingType,
    outputType
  };
  return planTensors(model, graph, options).map((planned) =>
    planned.treatment === "stock" ? planned.type : undefined
  );
}

test.each([
  [512, "q6_K"],
  [896, "q8_0"],
  [80, "f16"]
])("embedding and head with rows of %i values become %s", (columns, type) => {
  expect(typesOf(columns, "auto", "auto")).toEqual([type, type]);
});

test("a type asked for by name is that or an error", () => {
  expect(typesOf(896, "q8_0", "f16")).toEqual(["q8_0", "f16"]);
  expect(() => typesOf(896, "auto", "q6_K")).toThrow(
    /^output\.weight cannot be stored as q6_K: rows of 896 values are not a multiple of 256$/
  );
});

/** What becomes of a weight of `shape` that block 0 uses so, and why it stays if it does. */
function fateOf(target: string, shape: number[], use: string, sections = [1]): string | undefined {
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const tensor = { spec: { target, shape, role: "unknown" }, type: "BF16", rows, columns: shape.at(-1) };
  const model = { tensors: [tensor], computedTensors: [] } as unknown as SourceModel;
  const graph = { head: "output.weight", weights: [{ name: target, use, sections }] } as unknown as ModelGraph;
  const [planned] = planTensors(model, graph, {
    format: "mixllm",
    budget: { unit: "percent", percent: 10 },
    overrides: [],
    embeddingType: "auto",
    outputType: "auto"
  });
  return planned?.treatment === "stock" ? planned.note : planned?.treatment;
}

test.each([
  ["a matrix", "blk.0.attn_q.weight", [64, 64], "product", [1], "mixed"],
  ["experts", "blk.0.ffn_up_exps.weight", [4, 64, 64], "experts", [1], "mixed"],
  ["what is shared", "blk.0.attn_q.weight", [64, 64], "product", [1, 2], "it is used by more than one block"],
  ["what is not of a block", "output_hc_fn.weight", [64, 64], "product", [1], "it belongs to no block"],
  ["heads", "blk.0.attn_o_a.weight", [4, 64, 64], "product", [1], "each of its matrices has inputs of its own"],
  // A stack of one, which has the shape of a matrix.
  ["one head", "blk.0.attn_k_b.weight", [64, 64], "product", [1], "attention multiplies with it head by head"],
  ["a router", "blk.0.ffn_gate_inp.weight", [64, 64], "product", [1], "it routes tokens to experts"],
  ["a table", "blk.0.pos.weight", [64, 64], "rows", [1], "it is read by rows"]
])("%s", (_, target, shape, use, sections, fate) => {
  expect(fateOf(target, shape, use, sections)).toBe(fate);
});
