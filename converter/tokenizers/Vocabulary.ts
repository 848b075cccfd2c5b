import { InvalidInputError } from "../../common/errors.js";

/** Kinds of tokens, by their numbers in `tokenizer.ggml.token_type`. */
export const TokenType = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6
} as const;

export type TokenType = (typeof TokenType)[keyof typeof TokenType];

/** A vocabulary as GGUF stores it; every list has one entry a token id. */
export interface Vocabulary {
  /** `tokenizer.ggml.model`: `llama` for SentencePiece, `gpt2` for byte-level BPE. */
  readonly model: "llama" | "gpt2";
  /** `tokenizer.ggml.pre`. */
  readonly preTokenizer: string;
  readonly tokens: readonly string[];
  readonly types: readonly TokenType[];
  /** Only SentencePiece vocabularies have scores. */
  readonly scores?: readonly number[];
  /** Only byte-level BPE vocabularies have merges, each two tokens joined by a space. */
  readonly merges?: readonly string[];
  /** Whether a text gets a space in front before it is split. */
  readonly prefixesSpace: boolean;
}

/** Longest text from an input file that an error or warning shows. */
const SHOWN_LENGTH = 60;
/** How many tokens an error or warning names. */
const SHOWN_TOKENS = 3;

/** A token's text for a message: quoted, control characters escaped, shortened. */
export function quoteToken(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text);
}

/** Names of some of a list of tokens: `"a", "b", "c" and 5 more`. */
export function quoteTokens(texts: readonly string[]): string {
  const shown = texts.slice(0, SHOWN_TOKENS).map(quoteToken).join(", ");
  return texts.length > SHOWN_TOKENS ? `${shown} and ${texts.length - SHOWN_TOKENS} more` : shown;
}

/** The text that stands for an id that has no token: `[PAD7]`, unless a token is called so. */
export function placeholder(id: number, ...taken: readonly { has(text: string): boolean }[]): string {
  let text = `[PAD${id}]`;
  while (taken.some((texts) => texts.has(text))) text = `[${text}]`;
  return text;
}

/**
 * Checks a vocabulary's texts for what llama.cpp ends the process over when it loads them: two that are the same. It
 * reads a text up to its first NUL, and gives an empty one a name of its own.
 *
 * @param texts by token id; any one-to-one decoding of the bytes serves
 * @throws {InvalidInputError} two tokens are the same
 */
export function assertDistinctTokens(file: string, texts: Iterable<string>): void {
  const seen = new Map<string, number>();
  let id = 0;
  for (const whole of texts) {
    const nul = whole.indexOf("\0");
    const text = (nul === -1 ? whole : whole.slice(0, nul)) || `[EMPTY_${id}]`;
    const other = seen.get(text);
    if (other !== undefined) {
      throw new InvalidInputError(
        `${file}: tokens ${other} and ${id} of the vocabulary are the same, ${quoteToken(text)}`,
        { fix: "llama.cpp takes each text only once. Give one of the two the text it had in the original tokenizer." }
      );
    }
    seen.set(text, id++);
  }
}
