import { InvalidInputError } from "../../common/errors.js";
import type { GgufFiles } from "./GgufFiles.js";

const TOKENS = "tokenizer.ggml.tokens";

/** Type, element type and count that lead an array's value; then each string with its length. */
const ARRAY_HEADER_BYTES = 16;
const LENGTH_BYTES = 8;

/**
 * Checks the vocabulary for what llama.cpp, which tokenizes calibration text with it, ends the process over.
 *
 * @returns how many tokens it has
 * @throws {InvalidInputError} there is none, or a token is in it twice
 */
export async function checkTokens(files: GgufFiles, file: string): Promise<number> {
  const value = files.header.metadata.get(TOKENS);
  if (typeof value !== "object" || value.arrayLength === 0) {
    throw new InvalidInputError(`${file} has no vocabulary: the metadata key ${TOKENS} is missing or empty`);
  }
  const bytes = Buffer.from((await files.metadataBytes(TOKENS)).buffer);
  if (bytes.readUInt32LE(4) !== STRING) {
    throw new InvalidInputError(`${file}: the metadata key ${TOKENS} should be a list of texts`);
  }
  const seen = new Map<string, number>();
  let at = ARRAY_HEADER_BYTES;
  for (let id = 0; id < value.arrayLength; id++) {
    const start = at + LENGTH_BYTES;
    at = start + Number(bytes.readBigUInt64LE(at));
    const [text = ""] = bytes.toString("latin1", start, at).split("\0", 1); // as far as llama.cpp reads it
    const other = seen.get(text);
    if (other !== undefined && text !== "") {
      throw new InvalidInputError(`${file}: tokens ${other} and ${id} of the vocabulary are the same`);
    }
    seen.set(text, id);
  }
  return value.arrayLength;
}

/** GGUF's number for strings. */
const STRING = 8;
