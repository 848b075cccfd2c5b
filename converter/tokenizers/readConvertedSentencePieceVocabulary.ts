import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import { addedTokenType } from "./addedTokenType.js";
import { readMerges } from "./readMerges.js";
import { readTokenIds } from "./readTokenIds.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import { TokenType } from "./TokenType.js";
import type { Vocabulary } from "./Vocabulary.js";

const BYTE_TOKEN = /^<0x[0-9A-Fa-f]{2}>$/;
/** Score of tokens no merge produces. */
const UNMERGED_SCORE = -1_000_000;

/**
 * Reads a SentencePiece vocabulary that only survives as tokenizer.json (BPE with byte fallback), as many Llama 2 and
 * Mistral fine-tunes ship it.
 *
 * llama.cpp merges the pair whose result scores highest, so a token's score is minus the rank of the merge that makes
 * it, which is what SentencePiece's own BPE scores are. (A stock conversion gives every token the same score here, and
 * with it other token ids than the original tokenizer.)
 */
export async function readConvertedSentencePieceVocabulary(
  files: TokenizerFiles,
  tokenizer: JsonObject,
  vocabularySize: number
): Promise<Vocabulary> {
  const model = tokenizer.object("model");
  const texts = readTokenIds(model);
  const ranks = new Map<string, number>();
  for (const [rank, merge] of (await readMerges(model, files.directory)).entries()) {
    const merged = merge.replace(" ", "");
    if (!ranks.has(merged)) ranks.set(merged, rank);
  }
  const unknown = model.optionalString("unk_token");
  const added = new Map([...files.configuredTokens, ...files.addedTokens].map((token) => [token.id, token]));

  const largest = Math.max(-1, ...added.keys(), texts.length - 1);
  if (largest >= vocabularySize) {
    throw new InvalidInputError(
      `${tokenizer.source} has token id ${largest}, but the model's vocabulary has ${vocabularySize} entries`,
      { fix: "The tokenizer belongs to another model, or config.json has the wrong vocab_size." }
    );
  }

  const tokens: string[] = [];
  const scores: number[] = [];
  const types: TokenType[] = [];
  const push = (text: string, score: number, type: TokenType): void => {
    tokens.push(text);
    scores.push(score);
    types.push(type);
  };
  for (let id = 0; id < vocabularySize; id++) {
    const addedToken = added.get(id);
    const text = addedToken?.content ?? texts[id];
    if (text === undefined) push(`[PAD${id}]`, UNMERGED_SCORE, TokenType.unused);
    else if (text === unknown) push(text, 0, TokenType.unknown);
    else if (addedToken !== undefined) {
      const { type, text: stored } = addedTokenType(addedToken);
      push(stored, 0, type);
    } else if (BYTE_TOKEN.test(text)) push(text, 0, TokenType.byte);
    else push(text, -(ranks.get(text) ?? -UNMERGED_SCORE), TokenType.normal);
  }
  return { model: "llama", preTokenizer: "default", tokens, scores, types };
}
