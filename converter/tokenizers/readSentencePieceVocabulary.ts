import { addedTokenType } from "./addedTokenType.js";
import { readSentencePieceModel } from "./readSentencePieceModel.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import { TokenType } from "./TokenType.js";
import type { Vocabulary } from "./Vocabulary.js";

/** Score of ids that have no piece. */
const PLACEHOLDER_SCORE = -10_000;
/** Score of tokens that are matched as a whole rather than merged. */
const ADDED_SCORE = -1000;

/**
 * Reads a SentencePiece vocabulary (Llama 2, Mistral) from tokenizer.model, with the tokens added_tokens.json and
 * tokenizer_config.json put on top.
 *
 * @param vocabularySize rows of the model's embedding; ids without a piece become unused placeholders
 * @param warn called with one sentence for each thing that could not be kept
 */
export async function readSentencePieceVocabulary(
  files: TokenizerFiles,
  vocabularySize: number,
  warn: (message: string) => void
): Promise<Vocabulary> {
  const { directory } = files;
  const file = directory.pathOf("tokenizer.model");
  const { pieces, isBytePair } = readSentencePieceModel(await directory.readBytes("tokenizer.model"), file);
  if (!isBytePair) warn(`${file} is a unigram model; llama.cpp will split some words differently`);

  const tokens = Array.from({ length: vocabularySize }, (_, id) => `[PAD${id}]`);
  const scores = new Array<number>(vocabularySize).fill(PLACEHOLDER_SCORE);
  const types = new Array<TokenType>(vocabularySize).fill(TokenType.unused);
  const set = (id: number, text: string, score: number, type: TokenType): void => {
    if (id >= vocabularySize) {
      warn(
        `token ${id} (${JSON.stringify(text)}) lies beyond the model's ${vocabularySize} embeddings and is left out`
      );
      return;
    }
    tokens[id] = text;
    scores[id] = score;
    types[id] = type;
  };

  for (const [id, piece] of pieces.slice(0, vocabularySize).entries()) {
    // A user-defined piece is stored as a normal one unless a file below adds it again.
    const type = piece.type === TokenType.userDefined ? TokenType.normal : (piece.type as TokenType);
    set(id, piece.text, piece.score, type);
  }
  if (pieces.length > vocabularySize) {
    warn(`${file} has ${pieces.length} pieces; those beyond the model's ${vocabularySize} embeddings are left out`);
  }

  const added = await directory.readOptionalJson("added_tokens.json");
  for (const text of added?.keys() ?? []) {
    const id = added?.optionalInteger(text);
    if (id !== undefined) set(id, text, ADDED_SCORE, TokenType.userDefined);
  }
  for (const token of files.configuredTokens) {
    const { type, text } = addedTokenType(token);
    set(token.id, text, ADDED_SCORE, type);
  }
  return { model: "llama", preTokenizer: "default", tokens, scores, types };
}
