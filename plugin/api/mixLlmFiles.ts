import { CorruptFileError, NotMixLlmFileError } from "../../common/errors.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import { readMixLlmFile } from "../../common/format/readMixLlmFile.js";
import type { MixLlmFileInfo } from "../../common/format/MixLlmFileInfo.js";

/**
 * Tells whether a file is a MixLLM GGUF, which only a `Llama` from `getMixLlama` can load. Reads the header only; `inspectMixLlmFile`
 * also checks the components.
 *
 * @returns `false` for ordinary GGUF files, other formats and files with a damaged header
 * @throws {InvalidInputError} there is no such file or it cannot be read
 */
export async function isMixLlmFile(file: string): Promise<boolean> {
  try {
    return (await readGgufHeader(file)).metadata.has("mixllm.version");
  } catch (error) {
    if (error instanceof NotMixLlmFileError || error instanceof CorruptFileError) return false;
    throw error;
  }
}

/**
 * Says what a MixLLM file holds: how it was made and, for each MixLLM weight, its shape and its share of 8-bit channels. Reads headers and
 * channel lists, not the weights; needs no runtime.
 *
 * The file is checked as the loader would: a file that passes has consistent components and true permutations.
 *
 * @param file path of a GGUF file
 * @throws {InvalidInputError} there is no such file or it cannot be read
 * @throws {NotMixLlmFileError} it is no GGUF file or has no MixLLM weights
 * @throws {CorruptFileError} it contradicts itself or the format; names the tensor or key
 */
export async function inspectMixLlmFile(file: string): Promise<MixLlmFileInfo> {
  return (await readMixLlmFile(file)).info;
}
