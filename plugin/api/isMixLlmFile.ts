import { CorruptFileError, NotMixLlmFileError } from "../../common/errors.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";

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
