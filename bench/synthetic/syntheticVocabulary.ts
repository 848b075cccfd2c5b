/** llama.cpp's token types. */
const NORMAL = 1;
const CONTROL = 3;
const UNUSED = 5;

/** The smallest vocabulary there can be: the bytes, one merge, BOS and EOS. */
export const SMALLEST_VOCABULARY = 259;

/**
 * A byte-level BPE vocabulary that can encode any text, byte by byte, filled up with tokens no text ever gives.
 *
 * @param size at least `SMALLEST_VOCABULARY`
 */
export function syntheticVocabulary(size: number): {
  tokens: string[];
  tokenTypes: Int32Array;
  merges: string[];
  bos: number;
  eos: number;
} {
  const bytes = byteLevelAlphabet();
  const space = bytes[0x20]!;
  const tokens = [...bytes, space + space];
  while (tokens.length < size - 2) tokens.push(`<|unused_${tokens.length}|>`);
  const tokenTypes = new Int32Array(size).fill(NORMAL, 0, bytes.length + 1).fill(UNUSED, bytes.length + 1);
  const bos = tokens.push("<|begin_of_text|>") - 1;
  const eos = tokens.push("<|end_of_text|>") - 1;
  tokenTypes.fill(CONTROL, bos);
  return { tokens, tokenTypes, merges: [`${space} ${space}`], bos, eos };
}

/**
 * The character that stands for each byte in byte-level BPE: itself where it is printable in Latin-1, else the next free
 * code point from 256 on.
 */
function byteLevelAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
    return String.fromCodePoint(printable ? byte : next++);
  });
}
