import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { anyObject, checkJson, optional, real, whole } from "../../common/json.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

const FILE = "generation_config.json";

const count = whole(-1, 2 ** 31 - 1);
const probability = real(0, 1);

/** Fields of generation_config.json and the sampler defaults they become, in the order they are written. */
const SAMPLERS: readonly {
  readonly fields: readonly string[];
  readonly key: string;
  readonly type: "string" | "int32" | "float32";
  readonly range?: z.ZodType<number>;
}[] = [
  { fields: ["sequence"], key: "sequence", type: "string" },
  { fields: ["top_k"], key: "top_k", type: "int32", range: count },
  { fields: ["top_p"], key: "top_p", type: "float32", range: probability },
  { fields: ["min_p"], key: "min_p", type: "float32", range: probability },
  { fields: ["xtc_probability"], key: "xtc_probability", type: "float32", range: probability },
  { fields: ["xtc_threshold"], key: "xtc_threshold", type: "float32", range: probability },
  { fields: ["temperature"], key: "temp", type: "float32", range: real(0, 1000) },
  { fields: ["penalty_last_n"], key: "penalty_last_n", type: "int32", range: count },
  {
    fields: ["penalty_repeat", "repetition_penalty"],
    key: "penalty_repeat",
    type: "float32",
    range: real(0, 1000)
  },
  { fields: ["mirostat"], key: "mirostat", type: "int32", range: whole(0, 2) },
  { fields: ["mirostat_tau"], key: "mirostat_tau", type: "float32", range: real(0, 1000) },
  { fields: ["mirostat_eta"], key: "mirostat_eta", type: "float32", range: real(0, 1000) }
];

const tokenId = whole(-(2 ** 31), 2 ** 31 - 1);

const END_TOKENS = z.object({
  eos_token_id: optional(z.union([tokenId, z.array(tokenId)], { error: "a token id or a list of them" }))
});

/** What generation_config.json says, as far as a GGUF file can. */
export interface GenerationConfig {
  /** Shown in errors. */
  readonly source: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads generation_config.json.
 *
 * @param warn is told of a file that cannot be read, which is no reason to refuse the model: transformers ignores it too
 */
export async function readGenerationConfig(
  directory: ModelDirectory,
  warn: (message: string) => void
): Promise<GenerationConfig> {
  const source = directory.pathOf(FILE);
  if (!directory.has(FILE)) return { source, values: {} };
  try {
    return { source, values: checkJson(source, await directory.readJsonValue(FILE), anyObject) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    warn(`${error.message}: its recommendations are left out`);
    return { source, values: {} };
  }
}

/**
 * Writes the sampling settings a model recommends; a value of the wrong type is no recommendation.
 *
 * @throws {InvalidInputError} a number is out of its range
 */
export function writeSamplingMetadata(metadata: Metadata, { source, values }: GenerationConfig): void {
  for (const { fields, key, type, range } of SAMPLERS) {
    const field = fields.find((candidate) => (values[candidate] ?? undefined) !== undefined);
    if (field === undefined) continue;
    const value = values[field];
    const name = `general.sampling.${key}`;
    if (type === "string" && typeof value === "string") metadata.string(name, value);
    if (range === undefined || typeof value !== "number" || (type === "int32" && !Number.isInteger(value))) continue;
    const { [field]: checked } = checkJson(source, { [field]: value }, z.object({ [field]: range }));
    metadata[type as "int32" | "float32"](name, checked as number);
  }
}

/**
 * The tokens that end generation: those of config.json, then further ones of generation_config.json.
 *
 * @param files config.json and generation_config.json
 * @param vocabularySize other ids are no tokens, and left out
 * @throws {InvalidInputError} a file names something else than tokens
 */
export function readEndTokens(
  files: readonly { readonly source: string; readonly values: Readonly<Record<string, unknown>> }[],
  vocabularySize: number
): number[] {
  const ids = files.flatMap(({ source, values }) => checkJson(source, values, END_TOKENS).eos_token_id ?? []);
  return [...new Set(ids)].filter((id) => id >= 0 && id < vocabularySize);
}

/** Texts by which llama.cpp takes a token for one that ends generation, whatever the metadata says. */
const END_TEXTS: ReadonlySet<string> = new Set([
  ...["<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>"],
  ...["<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>"],
  ...["<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~["]
]);

/** Texts of that kind that llama.cpp takes back where the vocabulary has others. */
const TAKEN_BACK: readonly { readonly text: string; readonly where: readonly string[] }[] = [
  { text: "<|end|>", where: ["<|return|>", "<|call|>"] },
  { text: "<|end|>", where: ["<|calls|>", "<|flush|>"] },
  { text: "<|end|>", where: ["<|call|>", "<|flush|>"] },
  { text: "</s>", where: ["<|tool_response>"] }
];

/**
 * Keys whose token ends generation whatever its text, and the texts by which llama.cpp finds it itself where the file
 * does not say: taking the key then would cost it that role.
 */
const END_KEYS: readonly { readonly key: string; readonly texts: readonly string[] }[] = [
  {
    key: "tokenizer.ggml.eot_token_id",
    texts: [
      ...["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>"],
      ...["_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>"]
    ]
  },
  { key: "tokenizer.ggml.eom_token_id", texts: ["<|eom_id|>"] },
  { key: "tokenizer.ggml.fim_sep_token_id", texts: ["<|file_sep|>"] },
  {
    key: "tokenizer.ggml.fim_rep_token_id",
    texts: ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]
  },
  { key: "tokenizer.ggml.fim_pad_token_id", texts: ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"] }
];

const EOS_KEY = "tokenizer.ggml.eos_token_id";

/**
 * Makes every token that ends generation do so in llama.cpp.
 *
 * GGUF has one end-of-sequence token, written here unless the tokenizer named it; llama.cpp finds others by their text.
 * What it would not find takes the place of another token that ends generation and that the vocabulary does not have.
 *
 * @param metadata with the tokenizer's keys written
 * @param ids the tokens, the main one first
 * @param source who names them, for errors and warnings
 * @throws {InvalidInputError} there are more than the file has places for
 */
export function writeEndTokens(
  metadata: Metadata,
  ids: readonly number[],
  { source, warn }: { readonly source: string; readonly warn: (message: string) => void }
): void {
  const entries = new Map(metadata.entries().map(({ key, value }) => [key, value]));
  const tokens = (entries.get("tokenizer.ggml.tokens") ?? []) as readonly string[];
  const texts = new Set(tokens);
  const [first] = ids;
  if (!entries.has(EOS_KEY)) {
    if (first === undefined) writeNoEnd(metadata, entries, tokens, { source, warn });
    else metadata.uint32(EOS_KEY, first);
  }
  const takenBack = ids.find((id) =>
    TAKEN_BACK.some(({ text, where }) => tokens[id] === text && where.every((other) => texts.has(other)))
  );
  if (takenBack !== undefined) {
    throw new InvalidInputError(
      `${source} has "${tokens[takenBack] ?? ""}" end generation, which llama.cpp does not allow beside this ` +
        "vocabulary's other tokens of that kind",
      { fix: "Remove it from eos_token_id if the model does not need it." }
    );
  }
  const keyed = new Set([entries.get(EOS_KEY) ?? first, ...END_KEYS.map(({ key }) => entries.get(key))]);
  const unfound = ids.filter((id) => !keyed.has(id) && !END_TEXTS.has(tokens[id] ?? ""));
  const free = END_KEYS.filter(({ key, texts: own }) => !entries.has(key) && !own.some((text) => texts.has(text)));
  if (unfound.length > free.length) {
    throw new InvalidInputError(
      `${source} names ${ids.length} tokens that end generation, of which llama.cpp can be told ` +
        `${ids.length - unfound.length + free.length}`,
      { fix: "Remove from eos_token_id those that the model does not need." }
    );
  }
  for (const [i, { key }] of free.slice(0, unfound.length).entries()) metadata.uint32(key, unfound[i] as number);
}

/** GGUF's numbers of kinds of tokens that no text becomes. */
const [CONTROL, UNUSED] = [3, 5];

/** llama.cpp falls back to a fixed id where a file names no end-of-sequence token, which may be any text. */
function writeNoEnd(
  metadata: Metadata,
  entries: ReadonlyMap<string, unknown>,
  tokens: readonly string[],
  { source, warn }: { readonly source: string; readonly warn: (message: string) => void }
): void {
  if (entries.get("tokenizer.ggml.model") !== "gpt2") return; // the others fall back to </s>
  const types = (entries.get("tokenizer.ggml.token_type") ?? []) as readonly number[];
  const named = ["bos", "padding"].map((role) => entries.get(`tokenizer.ggml.${role}_token_id`));
  const id =
    named.find((value) => typeof value === "number") ?? types.findIndex((type) => type === UNUSED || type === CONTROL);
  if (typeof id !== "number" || id < 0) {
    warn(`${source} names no token that ends generation: llama.cpp takes "${tokens[11] ?? ""}" for it`);
    return;
  }
  metadata.uint32(EOS_KEY, id);
  warn(
    `${source} names no token that ends generation: "${tokens[id] ?? ""}", which the model does not write, stands for it`
  );
}
