import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import type { GgufFiles } from "./GgufFiles.js";

const FLOAT_TYPES: ReadonlySet<string> = new Set(["F32", "F16", "BF16"]);

/**
 * @param file the model's path, for errors
 * @throws {InvalidInputError} the model is a MixLLM file or holds a quantized tensor
 */
export function assertUnquantized(file: string, { header, tensors }: GgufFiles): void {
  const fix = {
    fix: "Quantizing again would lose more: give the model's F16, BF16 or F32 GGUF, or its Hugging Face directory."
  };
  if (header.metadata.has("mixllm.version")) throw new InvalidInputError(`${file} is a MixLLM file already`, fix);
  const quantized = tensors.find(({ dtype }) => !FLOAT_TYPES.has(dtype));
  if (quantized !== undefined) {
    throw new InvalidInputError(`${file} is quantized already: tensor "${quantized.name}" is ${quantized.dtype}`, fix);
  }
}
