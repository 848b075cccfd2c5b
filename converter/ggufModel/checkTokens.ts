import { InvalidInputError } from "../../common/errors.js";
import { assertDistinctTokens } from "../tokenizers/Vocabulary.js";
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
  assertDistinctTokens(file, textsOf(bytes, value.arrayLength));
  return value.arrayLength;
}

/** The texts of an encoded list, byte by byte: two are the same where their bytes are. */
function* textsOf(bytes: Buffer, count: number): Generator<string> {
  for (let i = 0, at = ARRAY_HEADER_BYTES; i < count; i++) {
    const start = at + LENGTH_BYTES;
    at = start + Number(bytes.readBigUInt64LE(at));
    yield bytes.toString("latin1", start, at);
  }
}

/** GGUF's number for strings. */
const STRING = 8;
