import { InvalidInputError } from "../../common/errors.js";
import type { AddedToken, TokenizerFiles } from "./TokenizerFiles.js";
import { quoteToken, quoteTokens, TokenType } from "./Vocabulary.js";

/** How a vocabulary writes the space at the start of a SentencePiece token. */
const SENTENCE_PIECE_SPACE = "\u2581";

/** Control tokens that some models forget to mark as special. */
const CONTROL_NAMES: ReadonlySet<string> = new Set(["<pad>", "<mask>", "<2mass>", "[@BOS@]"]);
const CONTROL_SHAPES: readonly RegExp[] = [/^<\|.*\|>$/s, /^<\uff5c.*\uff5c>$/s, /^<unused.*>$/s];

/**
 * The kind an added token has in GGUF and the text it is stored with: control tokens as they are, others with
 * SentencePiece's space mark turned into a plain space, because llama.cpp matches them against raw text.
 */
export function storedAddedToken({ content, special }: Pick<AddedToken, "content" | "special">): {
  type: TokenType;
  text: string;
} {
  const control = special || CONTROL_NAMES.has(content) || CONTROL_SHAPES.some((shape) => shape.test(content));
  return control
    ? { type: TokenType.control, text: content }
    : { type: TokenType.userDefined, text: content.replaceAll(SENTENCE_PIECE_SPACE, " ") };
}

export interface AddedTokensContext {
  /** Rows of the model's embedding. */
  readonly vocabularySize: number;
  /** Ids of the tokens that tokenizer.json's model has by itself, or undefined where there is no tokenizer.json. */
  readonly modelIds: ReadonlyMap<string, number> | undefined;
  readonly warn: (message: string) => void;
}

/**
 * Brings the added tokens of all files together, by id: tokenizer.json's, then those that only tokenizer_config.json or
 * added_tokens.json has.
 *
 * Tokens beyond the embedding are left out with a warning: no text that the model can take has them.
 *
 * @throws {InvalidInputError} an added token has another id than the tokenizers library gives it, or no usable text
 */
export function collectAddedTokens(
  files: TokenizerFiles,
  { vocabularySize, modelIds, warn }: AddedTokensContext
): Map<number, AddedToken> {
  const { directory, tokenizer } = files;
  const all = new Map<number, AddedToken>();
  if (tokenizer !== undefined) {
    assertIdsAsGiven(tokenizer.source, files.addedTokens, modelIds ?? new Map());
    for (const token of files.addedTokens) all.set(token.id, token);
  }

  const contradicted: string[] = [];
  for (const token of files.configuredTokens) {
    const known = all.get(token.id);
    if (known === undefined) all.set(token.id, token);
    else if (known.content === token.content) all.set(token.id, bothOf(known, token));
    else contradicted.push(token.content);
  }
  if (contradicted.length > 0) {
    warn(
      `${directory.pathOf("tokenizer_config.json")} gives ${quoteTokens(contradicted)} ` +
        "the id of another token of tokenizer.json; tokenizer.json's are taken"
    );
  }

  const unusable = [...all.values()].find(({ content }) => content === "" || content.includes("\0"));
  if (unusable !== undefined) {
    throw new InvalidInputError(
      `${directory.path}: the added token ${unusable.id} has ${unusable.content === "" ? "no text" : "a NUL in its text"}`,
      { fix: "Give it the text it had in the original tokenizer." }
    );
  }

  const beyond = [...all.values()].filter(({ id }) => id >= vocabularySize);
  if (beyond.length > 0) {
    const texts = beyond.map(({ content }) => content);
    warn(
      `the tokenizer has ${quoteTokens(texts)}, beyond the model's ${vocabularySize} embeddings; left out, since the ` +
        "model cannot take it: text that holds it is split as any other"
    );
    for (const { id } of beyond) all.delete(id);
  }
  return all;
}

/**
 * A token that both files have: transformers takes the flags of tokenizer_config.json, other users of the tokenizers
 * library those of tokenizer.json, so that what either does to the text beside it counts.
 */
function bothOf(known: AddedToken, configured: AddedToken): AddedToken {
  return {
    ...configured,
    lstrip: known.lstrip || configured.lstrip,
    rstrip: known.rstrip || configured.rstrip,
    singleWord: known.singleWord || configured.singleWord
  };
}

/**
 * The tokenizers library gives an added token the id its text has in the vocabulary, or the next free one, and ignores
 * the id beside it. Where the two differ nobody can say which the model was trained with.
 */
function assertIdsAsGiven(source: string, tokens: readonly AddedToken[], modelIds: ReadonlyMap<string, number>): void {
  const given = new Map<string, number>();
  let next = modelIds.size;
  for (const { id, content } of tokens) {
    const expected = modelIds.get(content) ?? given.get(content) ?? next;
    if (expected === next) next++;
    given.set(content, expected);
    if (id !== expected && content !== "") {
      throw new InvalidInputError(
        `${source}: the added token ${quoteToken(content)} should have id ${id}, but the tokenizers library gives it ` +
          `${expected}${modelIds.has(content) ? ", the id of that text in the vocabulary" : ""}`,
        { fix: "Take the tokenizer of the original model, or save it again with transformers." }
      );
    }
  }
}

/**
 * Warns of what added tokens do to the text beside them and llama.cpp does not.
 *
 * @param normalizesInFront whether a normalizer puts something in front of the text that added tokens are looked for in
 * @throws {InvalidInputError} a token that ordinary text holds is matched only as a word of its own
 */
export function checkAddedTokenFlags(
  source: string,
  tokens: Iterable<AddedToken>,
  normalizesInFront: boolean,
  warn: (message: string) => void
): void {
  const all = [...tokens];
  const texts = (chosen: (token: AddedToken) => boolean): string[] => all.filter(chosen).map(({ content }) => content);
  const isControl = (token: AddedToken): boolean => storedAddedToken(token).type === TokenType.control;

  const words = texts((token) => token.singleWord && !isControl(token));
  if (words.length > 0) {
    throw new InvalidInputError(
      `${source}: ${quoteTokens(words)} is matched only as a word of its own ("single_word"), but by llama.cpp ` +
        "within other words too",
      { fix: 'Set "single_word" to false if the model does without it.' }
    );
  }
  const singleWords = texts(({ singleWord }) => singleWord);
  if (singleWords.length > 0) {
    warn(`llama.cpp matches ${quoteTokens(singleWords)} where letters touch it too, unlike the tokenizer`);
  }
  const stripping = texts(({ lstrip, rstrip }) => lstrip || rstrip);
  if (stripping.length > 0) {
    warn(`llama.cpp keeps white space beside ${quoteTokens(stripping)}, which the tokenizer takes away`);
  }
  const normalized = normalizesInFront ? texts((token) => token.normalized) : [];
  if (normalized.length > 0) {
    warn(`llama.cpp matches ${quoteTokens(normalized)} everywhere, the tokenizer only after a space`);
  }
}
