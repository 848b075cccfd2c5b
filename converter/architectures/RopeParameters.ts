import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";

/** Rotary position embedding as config.json describes it. */
export interface RopeParameters {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

export type RopeScaling =
  | { readonly type: "none" }
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly originalContextLength: number;
      readonly extrapolationFactor: number | undefined;
      readonly attentionFactor: number | undefined;
      readonly betaFast: number | undefined;
      readonly betaSlow: number | undefined;
    }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    };

/** The base every supported architecture has when config.json names none. */
const DEFAULT_THETA = 10_000;

/**
 * Reads the layout of transformers 5 (`rope_parameters`, theta inside) and the older one (`rope_theta` beside
 * `rope_scaling`, whose type may be spelt `type`).
 *
 * @param contextLength the model's context length, which scaling is relative to when it names no original length
 * @throws {InvalidInputError} a scaling llama.cpp has no equivalent for, or malformed parameters
 */
export function readRopeParameters(config: JsonObject, contextLength: number): RopeParameters {
  const parameters = config.optionalObject("rope_parameters") ?? config.optionalObject("rope_scaling");
  const rope = parameters?.optionalObject("full_attention") ?? parameters;
  const theta = rope?.optionalNumber("rope_theta") ?? config.optionalNumber("rope_theta") ?? DEFAULT_THETA;
  const type = rope?.optionalString("rope_type") ?? rope?.optionalString("type") ?? "default";
  if (rope === undefined || type === "default") return { theta, scaling: { type: "none" } };

  const originalContextLength =
    rope.optionalInteger("original_max_position_embeddings") ??
    config.optionalInteger("original_max_position_embeddings") ??
    contextLength;
  switch (type) {
    case "linear":
      return { theta, scaling: { type, factor: requiredFactor(rope) } };
    case "yarn":
      return {
        theta,
        scaling: {
          type,
          factor: requiredFactor(rope),
          originalContextLength,
          extrapolationFactor: rope.optionalNumber("extrapolation_factor"),
          attentionFactor: rope.optionalNumber("attention_factor") ?? rope.optionalNumber("attn_factor"),
          betaFast: rope.optionalNumber("beta_fast"),
          betaSlow: rope.optionalNumber("beta_slow")
        }
      };
    case "llama3":
      return {
        theta,
        scaling: {
          type,
          factor: rope.optionalNumber("factor") ?? 8,
          lowFrequencyFactor: rope.optionalNumber("low_freq_factor") ?? 1,
          highFrequencyFactor: rope.optionalNumber("high_freq_factor") ?? 4,
          originalContextLength: originalContextLength
        }
      };
    default:
      throw new InvalidInputError(`${rope.source} asks for rope scaling "${type}"`, {
        fix: "Scalings that can be converted: default, linear, yarn, llama3."
      });
  }
}

function requiredFactor(rope: JsonObject): number {
  const factor = rope.optionalNumber("factor");
  if (factor === undefined) throw new InvalidInputError(`${rope.source} has no "factor"`);
  return factor;
}
