import { InvalidInputError } from "../../common/errors.js";
import { MAX_BLOCKS } from "../architectures/configKeys.js";
import type { DecoderConfig } from "../architectures/decoder.js";
import type { RopeParameters } from "../architectures/rope.js";
import type { Hyperparameters } from "./Hyperparameters.js";

/** What llama.cpp assumes where a file names no base. */
const DEFAULT_THETA = 10_000;

/**
 * Reads the hyperparameters of a decoder as llama.cpp does.
 *
 * @param known what the rest of the file says: entries of the vocabulary, and whether there is an output head
 * @throws {InvalidInputError} a key is missing, malformed or asks for something that is not supported
 */
export function readGgufDecoder(
  keys: Hyperparameters,
  known: { readonly vocabularySize: number; readonly tiedEmbeddings: boolean }
): DecoderConfig {
  const blockCount = keys.positiveInteger("block_count");
  const embeddingLength = keys.positiveInteger("embedding_length");
  const headCount = keys.positiveInteger("attention.head_count");
  const headCountKv = keys.optionalPositiveInteger("attention.head_count_kv") ?? headCount;
  const contextLength = keys.positiveInteger("context_length");
  const headLength = keys.optionalPositiveInteger("attention.key_length") ?? Math.floor(embeddingLength / headCount);
  const refuse = (problem: string): never => {
    throw new InvalidInputError(`${keys.file}: ${problem}`);
  };
  if (blockCount > MAX_BLOCKS) refuse(`${blockCount} layers are more than the ${MAX_BLOCKS} that llama.cpp can run`);
  if (headCount % headCountKv !== 0) refuse(`${headCount} heads are not a multiple of the ${headCountKv} for keys`);
  if (headLength === 0 || headLength % 2 !== 0) refuse(`a head of ${headLength} dimensions cannot be rotated in pairs`);
  for (const key of ["attention.value_length", "rope.dimension_count"]) {
    const length = keys.optionalPositiveInteger(key) ?? headLength;
    if (length !== headLength) refuse(`${key} is ${length} and the key's head length ${headLength}; they should agree`);
  }
  if ((keys.optionalNumber("expert_count") ?? 0) > 0) refuse("mixtures of experts are not supported");
  const rmsNormEpsilon = keys.optionalNumber("attention.layer_norm_rms_epsilon");
  return {
    blockCount,
    contextLength,
    embeddingLength,
    feedForwardLength: keys.positiveInteger("feed_forward_length"),
    headCount,
    headCountKv,
    headLength,
    statesHeadLength: true,
    rmsNormEpsilon: rmsNormEpsilon ?? refuse("it lacks the metadata key attention.layer_norm_rms_epsilon"),
    rope: readRope(keys, contextLength),
    ...known
  };
}

/** As llama.cpp does for these architectures, whose own keys of YaRN's correction range it does not read. */
function readRope(keys: Hyperparameters, contextLength: number): RopeParameters {
  const common = {
    theta: keys.optionalNumber("rope.freq_base") ?? DEFAULT_THETA,
    attentionFactor: keys.optionalNumber("rope.scaling.attn_factor") ?? 1
  };
  const factor = keys.optionalNumber("rope.scaling.factor") ?? keys.optionalNumber("rope.scale_linear") ?? 0;
  const type = keys.optionalString("rope.scaling.type") ?? "linear";
  switch (type) {
    case "none":
      return { ...common, scaling: { type } };
    case "linear": // also what a file without scaling says; divisors by frequency come as a tensor
      return { ...common, scaling: factor === 0 ? { type: "none" } : { type, factor } };
    case "yarn":
      return {
        ...common,
        scaling: {
          type,
          factor: factor === 0 ? 1 : factor,
          originalContextLength: keys.optionalPositiveInteger("rope.scaling.original_context_length") ?? contextLength
        }
      };
    default:
      throw new InvalidInputError(`${keys.file} asks for rope scaling "${type}"`, {
        fix: "Scalings that can be converted: none, linear, yarn, and Llama 3's."
      });
  }
}
