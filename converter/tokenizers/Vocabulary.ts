import type { TokenType } from "./TokenType.js";

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
}
