import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { readGgufHeader } from "../../plugin/gguf/readGgufHeader.js";

/** Numbers of ggml's float types: F32, F16, BF16. */
const FLOAT_TYPES: ReadonlySet<number> = new Set([0, 1, 30]);

/**
 * @throws {InvalidInputError} the GGUF is a MixLLM file or holds a quantized tensor
 */
export async function assertUnquantized(path: string): Promise<void> {
  const { metadata, tensors } = await readGgufHeader(path);
  const fix = { fix: "Give the F16, BF16 or F32 model, or the Hugging Face directory." };
  if (metadata.has("mixllm.version")) throw new InvalidInputError(`${path} is a MixLLM file already`, fix);
  const quantized = tensors.find(({ type }) => !FLOAT_TYPES.has(type));
  if (quantized !== undefined) {
    throw new InvalidInputError(`${path} is quantized already: ${quantized.name} is not F16, BF16 or F32`, fix);
  }
}
