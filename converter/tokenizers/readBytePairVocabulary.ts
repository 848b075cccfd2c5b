import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import { addedTokenType } from "./addedTokenType.js";
import { readMerges } from "./readMerges.js";
import { readTokenIds } from "./readTokenIds.js";
import { recognizePreTokenizer } from "./recognizePreTokenizer.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import { TokenType } from "./TokenType.js";
import type { Vocabulary } from "./Vocabulary.js";

/**
 * Reads a byte-level BPE vocabulary (GPT-2, Llama 3, Qwen) from tokenizer.json.
 *
 * @param tokenizer tokenizer.json
 * @param vocabularySize rows of the model's embedding; ids the tokenizer leaves out become unused placeholders
 * @param preTokenizer llama.cpp's name of the pre-tokenizer, to use instead of recognising it
 */
export async function readBytePairVocabulary(
  files: TokenizerFiles,
  tokenizer: JsonObject,
  vocabularySize: number,
  preTokenizer: string | undefined
): Promise<Vocabulary> {
  const model = tokenizer.object("model");
  const texts = readTokenIds(model);
  const added = new Map([...files.configuredTokens, ...files.addedTokens].map((token) => [token.id, token]));

  const largest = Math.max(-1, ...added.keys(), texts.length - 1);
  if (largest >= vocabularySize) {
    throw new InvalidInputError(
      `${tokenizer.source} has token id ${largest}, but the model's vocabulary has ${vocabularySize} entries`,
      { fix: "The tokenizer belongs to another model, or config.json has the wrong vocab_size." }
    );
  }

  const tokens: string[] = [];
  const types: TokenType[] = [];
  for (let id = 0; id < vocabularySize; id++) {
    const addedToken = added.get(id);
    const text = texts[id];
    if (addedToken !== undefined) {
      const { type, text: stored } = addedTokenType(addedToken);
      tokens.push(stored);
      types.push(type);
    } else if (text !== undefined) {
      tokens.push(text);
      types.push(TokenType.normal);
    } else {
      tokens.push(`[PAD${id}]`);
      types.push(TokenType.unused);
    }
  }

  return {
    model: "gpt2",
    preTokenizer: preTokenizer ?? recognizePreTokenizer(tokenizer),
    tokens,
    types,
    merges: await readMerges(model, files.directory)
  };
}
