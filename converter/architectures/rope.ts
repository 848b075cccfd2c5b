import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { anyObject, checkJson, flag, optional, orElse, real, text } from "../../common/json.js";
import { positions, readKeys, type ConfigFile } from "./configKeys.js";

/** The divisors of rotary frequencies, one for all layers: computed from a configuration, stored in a GGUF file. */
export const ROPE_FREQUENCIES = "rope_freqs.weight";

/** Rotary position embedding, as llama.cpp computes it. */
export interface RopeParameters {
  readonly theta: number;
  readonly scaling: RopeScaling;
  /** What cosine and sine are multiplied by beyond what the scaling implies: `<arch>.rope.scaling.attn_factor`. */
  readonly attentionFactor: number;
}

export type RopeScaling =
  | { readonly type: "none" }
  | { readonly type: "linear"; readonly factor: number }
  /** With the correction range of 32 to 1 rotations; cosine and sine are multiplied by `yarnMagnitude(factor)`. */
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly originalContextLength: number;
      /** The range where config.json states it: a stock conversion then writes it, though few architectures read it. */
      readonly betaFast?: number;
      readonly betaSlow?: number;
      /** For architectures that read it: what cosine and sine are divided by, as `yarnMagnitude(factor, this)`. */
      readonly logMultiplier?: number;
    }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    };

export type RopeScalingType = RopeScaling["type"];

/** The base every supported architecture has when config.json names none. */
const DEFAULT_THETA = 10_000;

const theta = real(1, 1e15);
const factor = real(1e-3, 1e6);

/** The magnitude that YaRN gives cosine and sine by itself, scaled by `mscale`. */
export function yarnMagnitude(factor: number, mscale = 1): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}

const unscaled = { type: optional(text), rope_type: optional(text), rope_theta: optional(theta) };

const TYPES = {
  default: {
    ...unscaled,
    partial_rotary_factor: optional(z.unknown()),
    mrope_section: optional(z.unknown()),
    mrope_interleaved: optional(z.unknown())
  },
  // Stretches only beyond the model's context.
  dynamic: { ...unscaled, factor },
  linear: { ...unscaled, factor },
  yarn: {
    ...unscaled,
    factor,
    original_max_position_embeddings: optional(positions),
    attention_factor: optional(real(1e-3, 1e3)),
    mscale: orElse(real(0, 100), 0),
    mscale_all_dim: orElse(real(0, 100), 0),
    beta_fast: orElse(real(0, 1e6), 0),
    beta_slow: orElse(real(0, 1e6), 0),
    truncate: orElse(flag, true),
    // Other modules read these.
    max_position_embeddings: optional(z.unknown()),
    llama_4_scaling_beta: optional(z.unknown())
  },
  llama3: {
    ...unscaled,
    factor: orElse(factor, 8),
    low_freq_factor: orElse(factor, 1),
    high_freq_factor: orElse(factor, 4),
    original_max_position_embeddings: optional(positions)
  }
};

export interface RopeOptions {
  /** The context length that a scaling without an original one is relative to. */
  readonly contextLength: number;
  /** The scalings that llama.cpp's graph of this architecture applies, beside none. */
  readonly scalings: readonly Exclude<RopeScalingType, "none">[];
  /** Who knows no other keys, in words for warnings. */
  readonly reader: string;
  /** The base when config.json names none; that of most unless given. */
  readonly defaultTheta?: number;
  /** Whether the architecture rotates a part of each head's dimensions: the factor is then for the caller to read. */
  readonly isPartial?: boolean;
  /** Whether llama.cpp reads YaRN's correction range and log multiplier for this architecture. */
  readonly readsYarn?: boolean;
  /** Whether a correction range that is not whole, which llama.cpp rounds, is only warned of. */
  readonly roundsYarn?: boolean;
}

/**
 * Reads the layout of transformers 5 (`rope_parameters`, theta inside) and the older one (`rope_theta` beside
 * `rope_scaling`, whose type may be spelt `type`), with the priorities that transformers has.
 *
 * @throws {InvalidInputError} a scaling or a setting of one that llama.cpp does not compute, or malformed parameters
 */
export function readRope(file: ConfigFile, options: RopeOptions): { rope: RopeParameters; warnings: string[] } {
  const { contextLength, scalings, reader } = options;
  const { source, values } = file;
  const given = checkJson(
    source,
    values,
    z.object({
      rope_theta: optional(theta),
      rope_scaling: optional(anyObject),
      rope_parameters: optional(anyObject),
      partial_rotary_factor: optional(real(0, 1)),
      original_max_position_embeddings: optional(positions)
    })
  );
  const name = isFilled(given.rope_scaling) ? "rope_scaling" : "rope_parameters";
  const inner = ropeObject(`"${name}" in ${source}`, given[name] ?? {});
  const { rope_type, type } = checkJson(inner.source, inner.values, z.object(unscaled));
  const kind = rope_type ?? type ?? "default";
  const offered = ["default", "dynamic", ...scalings];
  if (!offered.includes(kind)) {
    const known = Object.hasOwn(TYPES, kind) ? ", which llama.cpp does not apply to this architecture" : "";
    throw new InvalidInputError(`${inner.source} asks for rope scaling "${kind}"${known}`, {
      fix: `Scalings that can be converted: ${offered.join(", ")}.`
    });
  }

  const partial = checkJson(
    inner.source,
    inner.values,
    z.object({ partial_rotary_factor: orElse(real(0, 1), given.partial_rotary_factor ?? 1) })
  ).partial_rotary_factor;
  if (partial !== 1 && kind !== "default" && options.isPartial !== true) {
    throw new InvalidInputError(
      `"partial_rotary_factor" in ${inner.source} should be 1 with rope scaling "${kind}", found ${partial}`
    );
  }
  const common = {
    theta: readTheta(inner) ?? given.rope_theta ?? options.defaultTheta ?? DEFAULT_THETA,
    attentionFactor: 1
  };
  const original = (own: number | undefined): number => given.original_max_position_embeddings ?? own ?? contextLength;

  switch (kind) {
    case "linear": {
      const { config, warnings } = readKeys(inner, TYPES.linear, reader);
      return { rope: { ...common, scaling: { type: kind, factor: config.factor } }, warnings };
    }
    case "yarn": {
      const { config, warnings } = readKeys(inner, TYPES.yarn, reader);
      const { factor, beta_fast: betaFast, beta_slow: betaSlow, mscale_all_dim: logMultiplier } = config;
      return {
        rope: {
          ...common,
          scaling: {
            type: kind,
            factor,
            originalContextLength: original(config.original_max_position_embeddings),
            ...(betaFast === 0 ? {} : { betaFast }),
            ...(betaSlow === 0 ? {} : { betaSlow }),
            ...(options.readsYarn === true ? { logMultiplier } : {})
          },
          attentionFactor: yarnAttentionFactor(inner.source, config, options)
        },
        warnings: config.truncate
          ? warnings
          : [
              ...warnings,
              `llama.cpp rounds the range of YaRN's blending, which ${inner.source} asks not to ("truncate")`
            ]
      };
    }
    case "llama3": {
      const { config, warnings } = readKeys(inner, TYPES.llama3, reader);
      const { low_freq_factor: low, high_freq_factor: high } = config;
      if (low >= high) {
        throw new InvalidInputError(
          `"high_freq_factor" in ${inner.source} should be above "low_freq_factor" ${low}, found ${high}`
        );
      }
      return {
        rope: {
          ...common,
          scaling: {
            type: kind,
            factor: config.factor,
            lowFrequencyFactor: low,
            highFrequencyFactor: high,
            originalContextLength: original(config.original_max_position_embeddings)
          }
        },
        warnings
      };
    }
    default: {
      const { warnings } = readKeys(inner, kind === "dynamic" ? TYPES.dynamic : TYPES.default, reader);
      if (partial !== 1 && options.isPartial !== true)
        warnings.push(`${source} sets partial_rotary_factor (${partial}), which ${reader} does not use`);
      if (kind === "dynamic") {
        warnings.push(
          `${inner.source} asks for dynamic rope scaling, which llama.cpp does not have: it changes nothing within the ` +
            `model's context of ${contextLength} tokens, and beyond it the converted model does not follow`
        );
      }
      return { rope: { ...common, scaling: { type: "none" } }, warnings };
    }
  }
}

function readTheta({ source, values }: ConfigFile): number | undefined {
  return checkJson(source, values, z.object({ rope_theta: optional(theta) })).rope_theta;
}

function isFilled(value: Record<string, unknown> | undefined): boolean {
  return value !== undefined && Object.keys(value).length > 0;
}

/** The parameters themselves, of full attention where each kind of layer has its own. */
function ropeObject(source: string, values: Readonly<Record<string, unknown>>): ConfigFile {
  const full = values["full_attention"];
  if (full === undefined || full === null) return { source, values };
  return { source: `"full_attention" in ${source}`, values: checkJson(source, full, anyObject) };
}

/**
 * What YaRN's own magnitude has to be multiplied by to be the one asked for.
 *
 * llama.cpp has the correction range of 32 to 1 rotations, in whole dimensions, for all but a few architectures.
 */
function yarnAttentionFactor(
  source: string,
  config: z.output<z.ZodObject<typeof TYPES.yarn>>,
  { readsYarn = false, roundsYarn = false }: RopeOptions
): number {
  const refuse = (key: string, found: number | boolean, assumed: number | boolean): never => {
    throw new InvalidInputError(
      `"${key}" in ${source} should be ${assumed}, which llama.cpp assumes for this architecture, found ${found}`,
      { fix: "This model cannot be converted: the file has no place for the setting." }
    );
  };
  // As in transformers, 0 stands for the default.
  if (!readsYarn && config.beta_fast !== 0 && config.beta_fast !== 32) refuse("beta_fast", config.beta_fast, 32);
  if (!readsYarn && config.beta_slow !== 0 && config.beta_slow !== 1) refuse("beta_slow", config.beta_slow, 1);
  if (!roundsYarn && !config.truncate) refuse("truncate", false, true);
  const { factor, mscale, mscale_all_dim: all } = config;
  const own = yarnMagnitude(factor) / (readsYarn && all !== 0 ? yarnMagnitude(factor, all) : 1);
  const asked =
    config.attention_factor ??
    (mscale !== 0 && all !== 0 ? yarnMagnitude(factor, mscale) / yarnMagnitude(factor, all) : yarnMagnitude(factor));
  return asked / own;
}

/** Writes the keys between head counts and `rope.freq_base`, as a stock conversion orders them. */
export function writeRopeScaling(
  metadata: Metadata,
  prefix: string,
  { scaling, attentionFactor }: RopeParameters
): void {
  switch (scaling.type) {
    case "none":
    case "llama3": // carried by the rope_freqs tensor instead
      return;
    case "linear":
      metadata.string(`${prefix}.rope.scaling.type`, scaling.type);
      metadata.float32(`${prefix}.rope.scaling.factor`, scaling.factor);
      return;
    case "yarn":
      metadata.string(`${prefix}.rope.scaling.type`, scaling.type);
      metadata.float32(`${prefix}.rope.scaling.factor`, scaling.factor);
      metadata.uint32(`${prefix}.rope.scaling.original_context_length`, scaling.originalContextLength);
      if (scaling.betaFast !== undefined) metadata.float32(`${prefix}.rope.scaling.yarn_beta_fast`, scaling.betaFast);
      if (scaling.betaSlow !== undefined) metadata.float32(`${prefix}.rope.scaling.yarn_beta_slow`, scaling.betaSlow);
      if (attentionFactor !== 1) metadata.float32(`${prefix}.rope.scaling.attn_factor`, attentionFactor);
  }
}

const round = Math.fround;

/** How PyTorch divides a number by a float32 tensor: by multiplying with the rounded reciprocal. */
function divide(numerator: number, denominator: number): number {
  return round(round(1 / denominator) * round(numerator));
}

/**
 * The `rope_freqs` tensor of a Llama 3.1 model: what each rotary frequency is divided by.
 *
 * Wavelengths well inside the original context stay, those beyond it are stretched by `factor`, and those between are
 * blended. Every step is rounded to float32 as PyTorch rounds it, so that the bytes equal a stock conversion's.
 *
 * @param headLength rotated dimensions of a head
 * @returns `headLength / 2` divisors
 */
export function ropeFrequencies(
  theta: number,
  scaling: RopeScaling & { type: "llama3" },
  headLength: number
): Float32Array {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = scaling;
  const lowFrequencyWavelength = originalContextLength / lowFrequencyFactor;
  const highFrequencyWavelength = originalContextLength / highFrequencyFactor;

  return Float32Array.from({ length: headLength / 2 }, (_, i) => {
    const frequency = divide(1, round(Math.pow(theta, round((2 * i) / headLength))));
    const wavelength = divide(2 * Math.PI, frequency);
    if (wavelength < highFrequencyWavelength) return 1;
    if (wavelength > lowFrequencyWavelength) return factor;
    const span = highFrequencyFactor - lowFrequencyFactor;
    const smooth = round(round(divide(originalContextLength, wavelength) - lowFrequencyFactor) / span);
    return divide(1, round(round(round(1 - smooth) / factor) + smooth));
  });
}
