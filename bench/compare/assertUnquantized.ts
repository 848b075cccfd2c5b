import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { readGgufHeader } from "../../plugin/gguf/readGgufHeader.js";
import { floatTypes } from "./floatTypes.js";

/**
 * @throws {InvalidInputError} the GGUF is a MixLLM file or holds a quantized tensor
 */
export async function assertUnquantized(path: string): Promise<void> {
  const { metadata, tensors } = await readGgufHeader(path);
  const fix = { fix: "Give the F16, BF16 or F32 model, or the Hugging Face directory." };
  if (metadata.has("mixllm.version")) throw new InvalidInputError(`${path} is a MixLLM file already`, fix);
  const quantized = tensors.find(({ type }) => !floatTypes.has(type));
  if (quantized !== undefined) {
    throw new InvalidInputError(`${path} is quantized already: ${quantized.name} is not F16, BF16 or F32`, fix);
  }
}
