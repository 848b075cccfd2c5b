import { expect, test } from "vitest";
import { readRope, ropeFrequencies, type RopeOptions } from "./rope.js";

const LLAMA: RopeOptions = { contextLength: 4096, scalings: ["linear", "yarn", "llama3"], reader: "a Llama" };

const read = (values: object, options = LLAMA): unknown =>
  readRope({ source: "config.json", values: values as Record<string, unknown> }, options).rope;
const warnings = (values: object): string[] =>
  readRope({ source: "config.json", values: values as Record<string, unknown> }, LLAMA).warnings;

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
    attentionFactor: 1,
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
  expect(read({ rope_theta: 500_000, rope_scaling: llama3, rope_parameters: { rope_type: "default" } })).toEqual(
    expected
  );
  expect(read({ rope_parameters: { full_attention: { ...llama3, rope_theta: 500_000 } } })).toEqual(expected);
});

test("no scaling reads as none, however it is left out", () => {
  const none = { theta: 1e6, attentionFactor: 1, scaling: { type: "none" } };
  expect(read({ rope_theta: 1e6 })).toEqual(none);
  expect(read({ rope_theta: 1e6, rope_scaling: null })).toEqual(none);
  expect(read({ rope_theta: 1e6, rope_scaling: {} })).toEqual(none);
  expect(read({ rope_parameters: { rope_theta: 1e6, rope_type: "default" } })).toEqual(none);
  expect(read({})).toEqual({ ...none, theta: 10_000 });
});

test("the older spelling of the type and a missing original context are understood", () => {
  expect(read({ rope_scaling: { type: "linear", factor: 2 } })).toMatchObject({
    scaling: { type: "linear", factor: 2 }
  });
  expect(read({ rope_scaling: { type: "yarn", factor: 4, beta_fast: 32, beta_slow: null } })).toEqual({
    theta: 10_000,
    attentionFactor: 1,
    scaling: { type: "yarn", factor: 4, originalContextLength: 4096, betaFast: 32 }
  });
});

// As transformers does: an attention factor, else the ratio of two scaled magnitudes, else the magnitude itself.
test.each([
  [{}, 1],
  [{ attention_factor: 1 }, 1 / (1 + 0.1 * Math.log(4))],
  [{ attention_factor: 1.5 }, 1.5 / (1 + 0.1 * Math.log(4))],
  [{ mscale: 1, mscale_all_dim: 1 }, 1 / (1 + 0.1 * Math.log(4))],
  [
    { mscale: 0.707, mscale_all_dim: 0.5 },
    (1 + 0.0707 * Math.log(4)) / (1 + 0.05 * Math.log(4)) / (1 + 0.1 * Math.log(4))
  ],
  [{ mscale: 2 }, 1]
])("yarn with %j multiplies its own magnitude by %d", (settings, factor) => {
  const { attentionFactor } = read({ rope_scaling: { type: "yarn", factor: 4, ...settings } }) as {
    attentionFactor: number;
  };
  expect(attentionFactor).toBeCloseTo(factor, 12);
});

test.each([
  [{ rope_scaling: { type: "yarn" } }, '"rope_scaling" in config.json has no "factor"'],
  [
    { rope_scaling: { type: "yarn", factor: 4, beta_fast: 16 } },
    '"beta_fast" in "rope_scaling" in config.json should be 32'
  ],
  [
    { rope_scaling: { type: "yarn", factor: 4, beta_slow: 2 } },
    '"beta_slow" in "rope_scaling" in config.json should be 1'
  ],
  [{ rope_scaling: { type: "yarn", factor: 4, truncate: false } }, '"truncate" in "rope_scaling"'],
  [
    { rope_scaling: { type: "linear", factor: 0 } },
    '"factor" in "rope_scaling" in config.json should be a number from'
  ],
  [{ rope_scaling: { type: "linear", factor: -2 } }, "found -2"],
  [{ rope_scaling: { type: "linear", factor: 1e308 } }, "found 1e+308"],
  [{ rope_scaling: { type: "linear", factor: 2, partial_rotary_factor: 0.5 } }, "partial_rotary_factor"],
  [{ rope_scaling: { type: "llama3", low_freq_factor: 4, high_freq_factor: 4 } }, '"high_freq_factor"'],
  [{ rope_scaling: { type: "longrope", long_factor: [1] } }, 'asks for rope scaling "longrope"'],
  [{ rope_theta: 1e300 }, '"rope_theta" in config.json should be a number from 1 to'],
  [{ rope_theta: 0 }, '"rope_theta"'],
  [{ rope_theta: -1 }, '"rope_theta"'],
  [{ rope_parameters: { rope_theta: 0 } }, '"rope_theta" in "rope_parameters" in config.json'],
  [{ rope_parameters: [] }, '"rope_parameters" in config.json should be a JSON object, found a list of 0']
])("%j is refused by name", (values, message) => {
  expect(() => read(values)).toThrow(message);
});

test("a scaling that llama.cpp does not apply to the architecture is refused", () => {
  const other = { ...LLAMA, scalings: ["linear", "yarn"] as const };
  expect(() => read({ rope_scaling: { type: "llama3", factor: 8 } }, other)).toThrow(
    "does not apply to this architecture"
  );
});

test("what transformers ignores, and what only matters beyond the context, is warned of", () => {
  expect(warnings({ rope_scaling: { type: "yarn", factor: 4, beta_fast: 32 } })).toEqual([]);
  expect(warnings({ rope_scaling: { type: "linear", factor: 4, attention_factor: 2 } })).toEqual([
    expect.stringContaining("attention_factor (2)")
  ]);
  expect(warnings({ partial_rotary_factor: 0.5 })).toEqual([expect.stringContaining("partial_rotary_factor (0.5)")]);
  expect(warnings({ rope_scaling: { type: "dynamic", factor: 2 } })).toEqual([
    expect.stringContaining("within the model's context of 4096 tokens")
  ]);
});

test("divisors of Llama 3's frequencies run from 1 to the factor", () => {
  const scaling = {
    type: "llama3",
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContextLength: 8192
  };
  const divisors = [...ropeFrequencies(500_000, scaling as never, 128)];
  expect(divisors).toHaveLength(64);
  expect(divisors.toSorted((a, b) => a - b)).toEqual(divisors);
  expect([divisors[0], divisors.at(-1)]).toEqual([1, 8]);
});
