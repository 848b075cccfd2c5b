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
