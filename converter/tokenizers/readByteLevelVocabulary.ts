import { InvalidInputError } from "../../common/errors.js";
import { storedAddedToken } from "./addedTokens.js";
import { recognizePreTokenizers } from "./preTokenizers.js";
import { tokensOutOfReach, type BytePairModel } from "./readBytePairModel.js";
import type { AddedToken } from "./TokenizerFiles.js";
import { placeholder, quoteToken, quoteTokens, TokenType, type Vocabulary } from "./Vocabulary.js";

/** What readers of a vocabulary from tokenizer.json are given besides. */
export interface VocabularyContext {
  /** Rows of the model's embedding; ids without a token become unused placeholders. */
  readonly vocabularySize: number;
  /** Tokens that are matched as a whole, by id. */
  readonly added: ReadonlyMap<number, AddedToken>;
  /** Texts of the vocabulary that the configuration calls special. */
  readonly specialTexts: ReadonlySet<string>;
  readonly warn: (message: string) => void;
}

/**
 * A byte-level BPE vocabulary (GPT-2, Llama 3, Qwen) from tokenizer.json.
 *
 * @param splits how text is split before merging, first step first
 * @param preTokenizer llama.cpp's name of the pre-tokenizer, to use instead of recognising it
 * @throws {InvalidInputError} the pre-tokenizer is unknown, or tokens lie beyond the embedding
 */
export function readByteLevelVocabulary(
  model: BytePairModel,
  splits: readonly string[],
  preTokenizer: string | undefined,
  context: VocabularyContext
): Vocabulary {
  warnOfMissingBytes(model, context.warn);
  const addedTexts = new Set([...context.added.values()].map(({ content }) => content));
  const tokens: string[] = [];
  const types: TokenType[] = [];
  for (const { text, added, isSpecial } of entries(model, context)) {
    const stored = added === undefined ? undefined : storedAddedToken(added);
    tokens.push(stored?.text ?? text ?? placeholder(tokens.length, model.ids, addedTexts));
    types.push(
      stored?.type ?? (text === undefined ? TokenType.unused : isSpecial ? TokenType.control : TokenType.normal)
    );
  }
  return {
    model: "gpt2",
    preTokenizer: preTokenizer ?? namePreTokenizer(model, splits, context.warn),
    tokens,
    types,
    merges: model.merges.map((merge) => merge.join(" ")),
    prefixesSpace: false
  };
}

/**
 * What each row of the embedding stands for.
 *
 * @throws {InvalidInputError} tokens of the model lie beyond the embedding
 */
export function entries(
  { source, texts, ids }: BytePairModel,
  { vocabularySize, added, specialTexts }: VocabularyContext
): { text: string | undefined; added: AddedToken | undefined; isSpecial: boolean }[] {
  if (texts.length > vocabularySize) {
    const beyond = [...ids].filter(([, id]) => id >= vocabularySize).map(([text]) => text);
    throw new InvalidInputError(
      `${source} has ${quoteTokens(beyond)} beyond the ${vocabularySize} embeddings of the model`,
      { fix: "The tokenizer belongs to another model, or config.json has the wrong vocab_size." }
    );
  }
  return Array.from({ length: vocabularySize }, (_, id) => {
    const text = texts[id];
    return { text, added: added.get(id), isSpecial: text !== undefined && specialTexts.has(text) };
  });
}

function namePreTokenizer(model: BytePairModel, splits: readonly string[], warn: (message: string) => void): string {
  const alike = recognizePreTokenizers(model.source, splits);
  const [usual] = alike;
  if (usual.ignoresMerges === model.ignoresMerges) return usual.name;
  // Where merges lead to every token, ignoring them changes nothing.
  const differing = tokensOutOfReach(model);
  if (differing.length === 0) return usual.name;
  const exact = alike.find(({ ignoresMerges }) => ignoresMerges === model.ignoresMerges);
  if (exact !== undefined) return exact.name;
  warn(
    `the tokenizer takes ${quoteTokens(differing)} ${model.ignoresMerges ? "whole" : "apart"} where one is a word ` +
      `of its own, llama.cpp (${usual.name}) does not`
  );
  return usual.name;
}

/** The printable characters that stand for the 256 bytes: themselves where they can be seen, else from U+0100 on. */
function byteCharacters(): string[] {
  let next = 256;
  const isVisible = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++));
}

/** Bytes that UTF-8 never has. */
function isInNoText(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte > 0xf4;
}

function warnOfMissingBytes({ ids, unknown }: BytePairModel, warn: (message: string) => void): void {
  const missing = byteCharacters().filter((character, byte) => !isInNoText(byte) && !ids.has(character));
  // Without a token for the unknown both leave such bytes out.
  if (missing.length === 0 || unknown === undefined) return;
  warn(
    `the vocabulary has no token for ${missing.length} bytes, among them that of ${quoteToken(missing[0] ?? "")}: ` +
      `the tokenizer gives ${quoteToken(unknown)} for them, llama.cpp nothing`
  );
}
