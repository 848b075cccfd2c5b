import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import type { DecoderConfig } from "./DecoderConfig.js";

/**
 * Refuses Llama 3's rope scaling for architectures whose graph in llama.cpp has no place for it.
 *
 * @throws {InvalidInputError} config.json asks for it
 */
export function withoutLlama3Scaling(decoder: DecoderConfig, config: JsonObject): DecoderConfig {
  if (decoder.rope.scaling.type !== "llama3") return decoder;
  throw new InvalidInputError(
    `${config.source} asks for rope scaling "llama3", which llama.cpp does not apply to this architecture`,
    { fix: "Scalings that can be converted: default, linear, yarn." }
  );
}
