import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "../huggingFace/JsonObject.js";

/** How GPT-2's byte-level pre-tokenizer splits when no other pattern does. */
const BYTE_LEVEL_SPLIT = "byte-level split";
const SINGLE_DIGITS = "single digits";

const CONTRACTIONS = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const LEADING = String.raw`[^\r\n\p{L}\p{N}]?`;
const TRAILING_SPACE = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The splitting steps of each pre-tokenizer, as tokenizer.json spells them; the first step runs first. */
const KNOWN: readonly { readonly name: string; readonly steps: readonly string[] }[] = [
  {
    name: "llama-bpe",
    steps: [String.raw`${CONTRACTIONS}|${LEADING}\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${TRAILING_SPACE}`]
  },
  {
    name: "qwen2",
    steps: [String.raw`${CONTRACTIONS}|${LEADING}\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${TRAILING_SPACE}`]
  },
  {
    name: "qwen35",
    steps: [String.raw`${CONTRACTIONS}|${LEADING}[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${TRAILING_SPACE}`]
  },
  {
    name: "tekken",
    steps: [
      String.raw`${LEADING}${UPPER}*${LOWER}+|${LEADING}${UPPER}+${LOWER}*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${TRAILING_SPACE}`
    ]
  },
  {
    name: "gpt-4o",
    steps: [
      String.raw`${LEADING}${UPPER}*${LOWER}+${CONTRACTIONS}?|${LEADING}${UPPER}+${LOWER}*${CONTRACTIONS}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${TRAILING_SPACE}`
    ]
  },
  { name: "smollm", steps: [SINGLE_DIGITS, BYTE_LEVEL_SPLIT] },
  { name: "gpt-2", steps: [BYTE_LEVEL_SPLIT] }
];

/**
 * Finds llama.cpp's name for a byte-level BPE pre-tokenizer by what it does: the patterns it splits text with.
 *
 * A stock conversion goes by a hash of token ids instead, which depends on the vocabulary; where llama.cpp has several
 * names for one behaviour, such as `qwen2` and `deepseek-r1-qwen`, this finds the first.
 *
 * @param tokenizer tokenizer.json
 * @throws {InvalidInputError} no known pre-tokenizer splits this way; the error shows how it splits
 */
export function recognizePreTokenizer(tokenizer: JsonObject): string {
  const steps = splittingSteps(tokenizer.optionalObject("pre_tokenizer"));
  const known = KNOWN.find((candidate) => JSON.stringify(candidate.steps) === JSON.stringify(steps));
  if (known !== undefined) return known.name;
  const shown = steps.length === 0 ? "without any pattern" : `by ${steps.join(" , then ")}`;
  throw new InvalidInputError(`unknown pre-tokenizer: ${tokenizer.source} splits text ${shown}`, {
    fix:
      "If you know which of llama.cpp's pre-tokenizers splits the same way, name it with --pre-tokenizer, for example " +
      `--pre-tokenizer ${KNOWN[0]?.name}. Recognised by themselves: ${KNOWN.map(({ name }) => name).join(", ")}.`
  });
}

function splittingSteps(preTokenizer: JsonObject | undefined): string[] {
  if (preTokenizer === undefined) return [];
  const type = preTokenizer.string("type");
  switch (type) {
    case "Sequence":
      return (preTokenizer.optionalArray("pretokenizers") ?? []).flatMap((step) =>
        splittingSteps(new JsonObject(`a step of ${preTokenizer.source}`, step))
      );
    case "Split": {
      const pattern = preTokenizer.object("pattern");
      return [pattern.optionalString("Regex") ?? `the text ${JSON.stringify(pattern.get("String"))}`];
    }
    case "ByteLevel":
      return (preTokenizer.optionalBoolean("use_regex") ?? true) ? [BYTE_LEVEL_SPLIT] : [];
    case "Digits":
      return [preTokenizer.optionalBoolean("individual_digits") === true ? SINGLE_DIGITS : "digits"];
    default:
      return [type];
  }
}
