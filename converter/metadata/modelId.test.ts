import { expect, test } from "vitest";
import { parseModelId, sizeLabel, titleFromId } from "./modelId.js";

test.each([
  [
    "meta-llama/Llama-3.2-1B-Instruct",
    1_235_814_400,
    {
      name: "Llama-3.2-1B-Instruct",
      organization: "meta-llama",
      basename: "Llama-3.2",
      finetune: "Instruct",
      sizeLabel: "1B"
    }
  ],
  [
    "Mistral-7B-Instruct-v0.3",
    7_248_023_552,
    { name: "Mistral-7B-Instruct-v0.3", basename: "Mistral", finetune: "Instruct", version: "v0.3", sizeLabel: "7B" }
  ],
  [
    "Qwen/Qwen2.5-0.5B-Instruct",
    494_032_768,
    {
      name: "Qwen2.5-0.5B-Instruct",
      organization: "Qwen",
      basename: "Qwen2.5",
      finetune: "Instruct",
      sizeLabel: "0.5B"
    }
  ],
  ["Llama-2-7b-hf", 6_738_415_616, { name: "Llama-2-7b-hf", basename: "Llama-2", finetune: "hf", sizeLabel: "7B" }],
  [
    "Phi-3-mini-128k-instruct",
    3_821_079_552,
    { name: "Phi-3-mini-128k-instruct", basename: "Phi-3", finetune: "128k-instruct", sizeLabel: "mini" }
  ],
  ["bloom-7b1", 7_069_016_064, { name: "bloom-7b1", basename: "bloom", sizeLabel: "7.1B" }],
  ["tiny-llama", 18_500_000, { name: "tiny-llama" }],
  ["My own model", 1000, { name: "My own model" }],
  ["./model", 1000, { name: "model" }]
])("%s", (id, parameters, expected) => {
  expect(parseModelId(id, parameters)).toEqual(expected);
});

test.each([
  ["llama2-spm", "Llama2 Spm"],
  ["Llama-3.2-1B-Instruct", "Llama 3.2 1B Instruct"],
  ["mistral-7b-instruct-v0.3", "Mistral 7b Instruct v0.3"],
  ["qwen2moe", "Qwen2Moe"],
  ["meta-llama", "Meta Llama"]
])("%s reads %s", (id, expected) => {
  expect(titleFromId(id)).toBe(expected);
});

test.each([
  [778_240, "778K"],
  [999_999, "1000K"],
  [3_670_016, "3.7M"],
  [18_500_000, "18M"],
  [494_032_768, "494M"],
  [1_250_000_000, "1.2B"],
  [8_030_261_248, "8.0B"],
  [70_553_706_496, "71B"],
  [400_000_000, "400M"],
  [500, "0.50K"]
])("%d parameters are %s", (parameters, expected) => {
  expect(sizeLabel(parameters)).toBe(expected);
});
