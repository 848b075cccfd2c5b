import type { WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import { nativeStep } from "./nativeStep.js";
import { sampleTokens } from "./sampleTokens.js";

const VOCABULARY = "vocabulary.gguf";

/**
 * Calibration samples of a text.
 *
 * @returns `samples * length` tokens
 * @throws {InvalidInputError} the text is too short
 */
export async function textSamples(
  { addon, metadata, progress }: ConversionContext,
  work: WorkDirectory,
  text: string,
  samples: number,
  length: number
): Promise<Int32Array> {
  progress(undefined, "tokenizing");
  // llama.cpp takes a vocabulary from a GGUF file only, so it gets one without tensors.
  await work.write(VOCABULARY, encodeGgufHeader(metadata.entries(), []).header);
  const { tokens, bos } = await nativeStep(
    "tokenizing the calibration text",
    addon.tokenize(work.file(VOCABULARY), text)
  );
  await work.remove(VOCABULARY);
  return sampleTokens(tokens, bos, samples, length);
}
