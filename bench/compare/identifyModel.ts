import { inspectMixLlmFile } from "../../plugin/api/mixLlmFiles.js";
import { isFloatType } from "../../common/gguf/ggmlTypes.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import type { ComparedModel } from "./Comparison.js";

/**
 * Says how a GGUF is quantized, if at all.
 *
 * @throws {CorruptFileError} it is a MixLLM file that contradicts itself
 */
export async function identifyModel(path: string): Promise<Pick<ComparedModel, "family" | "tensors">> {
  const { metadata, tensors } = await readGgufHeader(path);
  if (metadata.has("mixllm.version")) return { family: "mixllm", tensors: (await inspectMixLlmFile(path)).tensors };
  return { family: tensors.every(({ type }) => isFloatType(type)) ? "unquantized" : "stock" };
}
