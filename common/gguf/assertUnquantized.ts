import { InvalidInputError } from "../errors.js";
import { ggmlTypeSize, isFloatType, typeNumberOf } from "./ggmlTypes.js";
import type { GgufHeader } from "./GgufHeader.js";

/** The architecture whose experts were trained in MXFP4, which therefore is no quantization of them. */
const TRAINED_IN_MXFP4 = "gpt-oss";

/**
 * @param file the model's path, for errors
 * @param headers of all files of the model
 * @throws {InvalidInputError} the model is a MixLLM file or holds a quantized tensor
 */
export function assertUnquantized(file: string, headers: readonly GgufHeader[]): void {
  const fix = {
    fix: "Quantizing again would lose more: give the model's F16, BF16 or F32 GGUF, or its Hugging Face directory."
  };
  for (const { metadata, tensors } of headers) {
    if (metadata.has("mixllm.version")) throw new InvalidInputError(`${file} is a MixLLM file already`, fix);
    const quantized = tensors.find(({ type, name }) => !isFloatType(type) && !isTrained(type, name, headers));
    if (quantized === undefined) continue;
    const type = ggmlTypeSize(quantized.type)?.name ?? `of the unknown type ${quantized.type}`;
    throw new InvalidInputError(`${file} is quantized already: tensor "${quantized.name}" is ${type}`, fix);
  }
}

function isTrained(type: number, name: string, headers: readonly GgufHeader[]): boolean {
  const architecture = headers[0]?.metadata.get("general.architecture");
  return type === typeNumberOf("mxfp4") && architecture === TRAINED_IN_MXFP4 && name.includes("_exps.");
}
