import { InvalidInputError } from "../../common/errors.js";
import { BYTE_LEVEL_SPLIT, SINGLE_DIGITS } from "./readTextSteps.js";

const CONTRACTIONS = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const LEADING = String.raw`[^\r\n\p{L}\p{N}]?`;
const TRAILING_SPACE = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

/** A byte-level BPE pre-tokenizer of llama.cpp. */
export interface PreTokenizer {
  readonly name: string;
  /** Its splitting steps, as tokenizer.json spells them; the first step runs first. */
  readonly steps: readonly string[];
  /** Whether a piece of text that is a token is taken whole, whatever the merges make of it. */
  readonly ignoresMerges: boolean;
}

/** How Llama 3 splits; llama.cpp has names for it with and without regard to merges. */
const LLAMA_3 = String.raw`${CONTRACTIONS}|${LEADING}\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${TRAILING_SPACE}`;

const KNOWN: readonly PreTokenizer[] = [
  { name: "llama-bpe", steps: [LLAMA_3], ignoresMerges: true },
  { name: "dbrx", steps: [LLAMA_3], ignoresMerges: false },
  {
    name: "qwen2",
    steps: [String.raw`${CONTRACTIONS}|${LEADING}\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${TRAILING_SPACE}`],
    ignoresMerges: false
  },
  {
    name: "qwen35",
    steps: [String.raw`${CONTRACTIONS}|${LEADING}[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${TRAILING_SPACE}`],
    ignoresMerges: false
  },
  {
    name: "tekken",
    steps: [
      String.raw`${LEADING}${UPPER}*${LOWER}+|${LEADING}${UPPER}+${LOWER}*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${TRAILING_SPACE}`
    ],
    ignoresMerges: true
  },
  {
    name: "gpt-4o",
    steps: [
      String.raw`${LEADING}${UPPER}*${LOWER}+${CONTRACTIONS}?|${LEADING}${UPPER}+${LOWER}*${CONTRACTIONS}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${TRAILING_SPACE}`
    ],
    ignoresMerges: false
  },
  { name: "smollm", steps: [SINGLE_DIGITS, BYTE_LEVEL_SPLIT], ignoresMerges: false },
  { name: "gpt-2", steps: [BYTE_LEVEL_SPLIT], ignoresMerges: false }
];

/** Pre-tokenizers after which llama.cpp puts BOS in front of every text unless the file says otherwise. */
const ADDING_BOS: ReadonlySet<string> = new Set([
  "llama-bpe",
  "llama3",
  "llama-v3",
  "falcon3",
  "falcon-h1",
  "pixtral",
  "midm-2.0",
  "lfm2",
  "jina-v5-nano",
  "tekken",
  "chameleon",
  "gemma4"
]);

/** Whether llama.cpp puts BOS in front of every text by itself after this pre-tokenizer. */
export function addsBosByItself(preTokenizer: string): boolean {
  return ADDING_BOS.has(preTokenizer);
}

/**
 * Finds llama.cpp's pre-tokenizers for byte-level BPE by what they do: the patterns they split text with.
 *
 * A stock conversion goes by a hash of token ids instead, which depends on the vocabulary; where llama.cpp has several
 * names for one behaviour, such as `qwen2` and `deepseek-r1-qwen`, this finds the first.
 *
 * @param source tokenizer.json
 * @param splits how it splits text, first step first
 * @returns those that split this way, at least one; the usual one first
 * @throws {InvalidInputError} none splits this way; the error shows how it is
 */
export function recognizePreTokenizers(source: string, splits: readonly string[]): [PreTokenizer, ...PreTokenizer[]] {
  const [first, ...others] = KNOWN.filter(({ steps }) => JSON.stringify(steps) === JSON.stringify(splits));
  if (first !== undefined) return [first, ...others];
  const shown = splits.length === 0 ? "without any pattern" : `by ${splits.join(" , then ")}`;
  throw new InvalidInputError(`unknown pre-tokenizer: ${source} splits text ${shown}`, {
    fix:
      "If you know which of llama.cpp's pre-tokenizers splits the same way, name it with --pre-tokenizer, for example " +
      `--pre-tokenizer ${KNOWN[0]?.name}. Recognised by themselves: ${[...new Set(KNOWN.map(({ name }) => name))].join(", ")}.`
  });
}

/** Every byte-level BPE pre-tokenizer llama.cpp v0.5.0 knows by name. */
export const PRE_TOKENIZER_NAMES: readonly string[] = [
  "a.x-4.0",
  "afmoe",
  "bailingmoe",
  "bailingmoe2",
  "bloom",
  "chameleon",
  "chatglm-bpe",
  "codeshell",
  "cohere2moe",
  "command-r",
  "dbrx",
  "deepseek-coder",
  "deepseek-llm",
  "deepseek-r1-qwen",
  "deepseek-v3",
  "default",
  "exaone",
  "exaone-moe",
  "exaone4",
  "f2llmv2",
  "falcon",
  "falcon-h1",
  "falcon3",
  "gemma4",
  "gigachat",
  "glm4",
  "gpt-2",
  "gpt-4o",
  "gpt3-finnish",
  "granite-docling",
  "granite-embed-multi-311m",
  "granite-embed-multi-97m",
  "grok-2",
  "hunyuan",
  "hunyuan-dense",
  "hy_v4",
  "jais",
  "jais-2",
  "jina-de",
  "jina-es",
  "jina-v1-en",
  "jina-v2-code",
  "jina-v2-de",
  "jina-v2-es",
  "jina-v5-nano",
  "joyai-llm",
  "kanana2",
  "kimi-k2",
  "kormo",
  "laguna",
  "lfm2",
  "llada-moe",
  "llama-bpe",
  "llama-v3",
  "llama3",
  "llama4",
  "megrez",
  "mellum",
  "mellum2",
  "midm-2.0",
  "minerva-7b",
  "minicpm5",
  "minimax-m2",
  "modern-bert",
  "mpt",
  "olmo",
  "phi-2",
  "pixtral",
  "poro-chat",
  "qwen2",
  "qwen35",
  "refact",
  "roberta-bpe",
  "sarvam-moe",
  "seed-coder",
  "smaug-bpe",
  "smollm",
  "solar-open",
  "spark2_5",
  "stablelm2",
  "starcoder",
  "superbpe",
  "talkie",
  "tekken",
  "tiny_aya",
  "trillion",
  "ufakzeka",
  "viking",
  "whitespace",
  "youtu"
];
