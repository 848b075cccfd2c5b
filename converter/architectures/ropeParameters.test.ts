import { expect, test } from "vitest";
import { JsonObject } from "../huggingFace/JsonObject.js";
import { readRopeParameters } from "./RopeParameters.js";

const read = (config: object): unknown => readRopeParameters(new JsonObject("config.json", config), 4096);

test("the layout of transformers 5 and the older one read the same", () => {
  const llama3 = {
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
    rope_type: "llama3"
  };
  const expected = {
    theta: 500_000,
    scaling: {
      type: "llama3",
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 8192
    }
  };
  expect(read({ rope_parameters: { ...llama3, rope_theta: 500_000 } })).toEqual(expected);
  expect(read({ rope_theta: 500_000, rope_scaling: llama3 })).toEqual(expected);
});

test("no scaling reads as none, however it is left out", () => {
  const none = { theta: 1e6, scaling: { type: "none" } };
  expect(read({ rope_theta: 1e6 })).toEqual(none);
  expect(read({ rope_theta: 1e6, rope_scaling: null })).toEqual(none);
  expect(read({ rope_parameters: { rope_theta: 1e6, rope_type: "default" } })).toEqual(none);
  expect(read({})).toEqual({ theta: 10_000, scaling: { type: "none" } });
});

test("the older spelling of the type and a missing original context are understood", () => {
  expect(read({ rope_scaling: { type: "linear", factor: 2 } })).toMatchObject({
    scaling: { type: "linear", factor: 2 }
  });
  expect(read({ rope_scaling: { type: "yarn", factor: 4, beta_fast: 32 } })).toMatchObject({
    scaling: { type: "yarn", factor: 4, originalContextLength: 4096, betaFast: 32, betaSlow: undefined }
  });
});

test("a scaling without its factor is refused", () => {
  expect(() => read({ rope_scaling: { type: "yarn" } })).toThrow('has no "factor"');
});
