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
