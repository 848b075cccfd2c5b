import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import { readRopeParameters, type RopeParameters } from "./RopeParameters.js";

/** The hyperparameters all supported decoder-only transformers share. */
export interface DecoderConfig {
  readonly blockCount: number;
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly headCountKv: number;
  readonly headLength: number;
  /** Whether the head length is written, rather than left to be derived from embedding length and head count. */
  readonly statesHeadLength: boolean;
  readonly rmsNormEpsilon: number;
  readonly vocabularySize: number;
  readonly tiedEmbeddings: boolean;
  readonly rope: RopeParameters;
}

/** What an architecture assumes where config.json is silent, as its reference implementation does. */
export interface DecoderDefaults {
  readonly contextLength: number;
  /** A fixed head length, `"derived"` for embedding length over heads and stated, or undefined for the same unstated. */
  readonly headLength: number | "derived" | undefined;
}

/** llama.cpp's own limit; it ends the process on a model with more. */
export const MAX_BLOCKS = 512;

/** @throws {InvalidInputError} a required field is missing or the fields contradict each other */
export function readDecoderConfig(config: JsonObject, defaults: DecoderDefaults): DecoderConfig {
  const embeddingLength = config.positiveInteger("hidden_size");
  const headCount = config.positiveInteger("num_attention_heads");
  const headCountKv = config.has("num_key_value_heads") ? config.positiveInteger("num_key_value_heads") : headCount;
  const blockCount = config.positiveInteger("num_hidden_layers");
  const contextLength = config.optionalInteger("max_position_embeddings") ?? defaults.contextLength;

  const stated = config.has("head_dim") ? config.positiveInteger("head_dim") : undefined;
  const fixed = typeof defaults.headLength === "number" ? defaults.headLength : undefined;
  const headLength = stated ?? fixed ?? embeddingLength / headCount;

  if (!Number.isInteger(headLength)) {
    throw new InvalidInputError(
      `${config.source}: hidden_size ${embeddingLength} is not a multiple of num_attention_heads ${headCount}`
    );
  }
  if (headLength % 2 !== 0) {
    throw new InvalidInputError(`${config.source}: a head of ${headLength} dimensions cannot be rotated in pairs`);
  }
  if (headCount % headCountKv !== 0) {
    throw new InvalidInputError(
      `${config.source}: num_attention_heads ${headCount} is not a multiple of num_key_value_heads ${headCountKv}`
    );
  }
  if (blockCount > MAX_BLOCKS) {
    throw new InvalidInputError(
      `${config.source}: ${blockCount} layers are more than the ${MAX_BLOCKS} that llama.cpp can run`
    );
  }

  return {
    blockCount,
    contextLength,
    embeddingLength,
    feedForwardLength: config.positiveInteger("intermediate_size"),
    headCount,
    headCountKv,
    headLength,
    statesHeadLength: stated !== undefined || defaults.headLength !== undefined,
    rmsNormEpsilon: config.optionalNumber("rms_norm_eps") ?? 1e-6,
    vocabularySize: config.positiveInteger("vocab_size"),
    tiedEmbeddings: config.optionalBoolean("tie_word_embeddings") ?? false,
    rope: readRopeParameters(config, contextLength)
  };
}
