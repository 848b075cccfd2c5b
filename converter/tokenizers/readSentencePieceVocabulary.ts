import { InvalidInputError } from "../../common/errors.js";
import { storedAddedToken } from "./addedTokens.js";
import { tokensMergedOtherwise, type BytePairModel } from "./readBytePairModel.js";
import { entries, type VocabularyContext } from "./readByteLevelVocabulary.js";
import type { SentencePieceModel } from "./readSentencePieceModel.js";
import type { AddedToken } from "./TokenizerFiles.js";
import { placeholder, quoteTokens, TokenType, type Vocabulary } from "./Vocabulary.js";

/** Score of ids that have no piece. */
const PLACEHOLDER_SCORE = -10_000;
/** Score of tokens that are matched as a whole rather than merged. */
const ADDED_SCORE = -1000;
/** Score of tokens no merge produces. */
const UNMERGED_SCORE = -1_000_000;

/** llama.cpp looks for these with capital letters alone. */
const BYTE_TOKEN = /^<0x[0-9A-F]{2}>$/;

/**
 * A SentencePiece vocabulary (Llama 2, Mistral) from tokenizer.model, with added tokens put on top.
 *
 * @throws {InvalidInputError} llama.cpp does not split as the model does, or pieces lie beyond the embedding
 */
export function readSentencePieceVocabulary(
  { file, pieces, algorithm, normalization }: SentencePieceModel,
  { vocabularySize, added, warn }: VocabularyContext
): Vocabulary {
  if (algorithm !== "BPE") {
    throw new InvalidInputError(`${file} is a ${algorithm} model, which llama.cpp would split by other rules`, {
      fix: "Only SentencePiece models of the kind BPE can be converted."
    });
  }
  if (normalization.replacesCharacters || !normalization.marksSpaces || normalization.marksSpacesBehind) {
    const what = normalization.replacesCharacters ? "normalizes characters" : "marks spaces in a way of its own";
    throw new InvalidInputError(`${file} ${what} before it splits text, which llama.cpp does not`, {
      fix: "No GGUF can express this tokenizer."
    });
  }
  if (normalization.removesExtraSpaces) {
    warn(`${file} makes one space of several; llama.cpp takes them as they are`);
  }
  const beyond = pieces.slice(vocabularySize).filter(({ type }) => type !== TokenType.unused);
  if (beyond.length > 0) {
    throw new InvalidInputError(
      `${file} has ${quoteTokens(beyond.map(({ text }) => text))} beyond the ${vocabularySize} embeddings of the model`,
      { fix: "The tokenizer belongs to another model, or config.json has the wrong vocab_size." }
    );
  }
  const defined = pieces.filter(({ type }) => type === TokenType.userDefined).map(({ text }) => text);
  if (defined.length > 0 && normalization.prefixesSpace) {
    warn(`llama.cpp puts a space in front of text after ${quoteTokens(defined)}; the tokenizer does not`);
  }

  const names = new Set([...pieces.map(({ text }) => text), ...[...added.values()].map(({ content }) => content)]);
  const rows = Array.from({ length: vocabularySize }, (_, id): Row => {
    const addedToken = added.get(id);
    if (addedToken !== undefined) return { ...storedAddedToken(addedToken), score: ADDED_SCORE };
    const piece = pieces[id];
    if (piece === undefined) {
      return { text: placeholder(id, names), type: TokenType.unused, score: PLACEHOLDER_SCORE };
    }
    const { text, score } = piece;
    return piece.type === TokenType.userDefined
      ? { ...storedAddedToken({ content: text, special: false }), score }
      : { text, type: piece.type as TokenType, score };
  });
  return vocabularyOf(file, rows, normalization.prefixesSpace);
}

/**
 * A SentencePiece vocabulary that only survives as tokenizer.json (BPE with byte fallback), as many Llama 2 and Mistral
 * fine-tunes ship it.
 *
 * llama.cpp merges the pair whose result scores highest, so a token's score is minus the rank of the merge that makes
 * it, which is what SentencePiece's own BPE scores are. (A stock conversion gives every token the same score here, and
 * with it other token ids than the original tokenizer.)
 *
 * @throws {InvalidInputError} bytes have no tokens, or tokens lie beyond the embedding
 */
export function readConvertedSentencePieceVocabulary(
  model: BytePairModel,
  prefixesSpace: boolean,
  context: VocabularyContext
): Vocabulary {
  const odd = tokensMergedOtherwise(model);
  if (odd.length > 0) {
    context.warn(
      `llama.cpp may put ${quoteTokens(odd)} together where the merges of ${model.source} lead to other tokens`
    );
  }
  const ranks = new Map<string, number>();
  for (const [rank, [left, right]] of model.merges.entries()) {
    if (!ranks.has(left + right)) ranks.set(left + right, rank);
  }
  const addedTexts = new Set([...context.added.values()].map(({ content }) => content));
  const rows = entries(model, context).map(({ text, added, isSpecial }, id): Row => {
    const content = added?.content ?? text;
    if (content === undefined) {
      return { text: placeholder(id, model.ids, addedTexts), type: TokenType.unused, score: UNMERGED_SCORE };
    }
    if (content === model.unknown) return { text: content, score: 0, type: TokenType.unknown };
    if (added !== undefined) return { ...storedAddedToken(added), score: 0 };
    if (isSpecial) return { text: content, score: 0, type: TokenType.control };
    if (BYTE_TOKEN.test(content)) return { text: content, score: 0, type: TokenType.byte };
    return { text: content, score: -(ranks.get(content) ?? -UNMERGED_SCORE), type: TokenType.normal };
  });
  return vocabularyOf(model.source, rows, prefixesSpace);
}

interface Row {
  readonly text: string;
  readonly score: number;
  readonly type: TokenType;
}

function vocabularyOf(source: string, rows: readonly Row[], prefixesSpace: boolean): Vocabulary {
  const tokens = rows.map(({ text }) => text);
  assertByteTokens(source, new Set(tokens));
  return {
    model: "llama",
    preTokenizer: "default",
    tokens,
    scores: rows.map(({ score }) => score),
    types: rows.map(({ type }) => type),
    prefixesSpace
  };
}

/** llama.cpp ends the process at a character that has neither a token nor tokens for its bytes. */
function assertByteTokens(source: string, tokens: ReadonlySet<string>): void {
  for (let byte = 0; byte < 256; byte++) {
    if (byte === 0xc0 || byte === 0xc1 || byte > 0xf4) continue; // in no text
    const name = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    if (tokens.has(name) || (byte < 0x80 && tokens.has(String.fromCharCode(byte)))) continue;
    throw new InvalidInputError(
      `${source} has no token ${name}: llama.cpp cannot tokenize text with a character beyond the vocabulary`,
      { fix: "Only SentencePiece models with byte fallback can be converted." }
    );
  }
}

/** Whether two files describe the same tokens: tokenizer.model those of tokenizer.json, but for added ones. */
export function haveSameTokens(
  { pieces }: SentencePieceModel,
  { texts }: BytePairModel,
  added: ReadonlyMap<number, AddedToken>
): boolean {
  return (
    pieces.every(({ text }, id) => texts[id] === text || added.has(id)) &&
    texts.every((text, id) => text === undefined || id < pieces.length || added.has(id))
  );
}
