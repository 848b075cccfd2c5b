import type { AddedToken } from "./TokenizerFiles.js";
import { TokenType } from "./TokenType.js";

/** How a vocabulary writes the space at the start of a SentencePiece token. */
const SENTENCE_PIECE_SPACE = "\u2581";

/** Control tokens that some models forget to mark as special. */
const CONTROL_NAMES: ReadonlySet<string> = new Set(["<pad>", "<mask>", "<2mass>", "[@BOS@]"]);
const CONTROL_SHAPES: readonly RegExp[] = [/^<\|.*\|>$/s, /^<\uff5c.*\uff5c>$/s, /^<unused.*>$/s];

/**
 * The kind an added token has in GGUF and the text it is stored with: control tokens as they are, others with
 * SentencePiece's space mark turned into a plain space, because llama.cpp matches them against raw text.
 */
export function addedTokenType(token: AddedToken): { type: TokenType; text: string } {
  const { content } = token;
  const control = token.special || CONTROL_NAMES.has(content) || CONTROL_SHAPES.some((shape) => shape.test(content));
  return control
    ? { type: TokenType.control, text: content }
    : { type: TokenType.userDefined, text: content.replaceAll(SENTENCE_PIECE_SPACE, " ") };
}
