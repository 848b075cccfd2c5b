import type { FileHandle } from "node:fs/promises";
import type { GgufHeader, GgufScalar, GgufTensor } from "./GgufHeader.js";
import { ggmlTypeSize, isFloatType } from "./ggmlTypes.js";
import { readMetadataArray } from "./metadataValues.js";

/** llama.cpp's LLAMA_MAX_LAYERS and LLAMA_MAX_EXPERTS, and what fits its signed integers. */
const MAX_LAYERS = 512;
const MAX_EXPERTS = 1024;
const MAX_INT = 2 ** 31 - 1;

const ROPE_SCALING_TYPES = ["none", "linear", "yarn", "longrope"];

/** Hyperparameters that something is divided by, or without which nothing can be built. */
const POSITIVE = [
  "context_length",
  "embedding_length",
  "full_attention_interval",
  "attention.group_norm_groups",
  "attention.key_length",
  "attention.value_length",
  "attention.key_length_swa",
  "attention.value_length_swa",
  "ssm.conv_kernel",
  "ssm.inner_size",
  "ssm.state_size",
  "ssm.time_step_rank",
  "kda.head_dim",
  "wkv.head_size"
];

/** Whether a hyperparameter, by its key behind the architecture's name, is a base of frequencies. */
const isFrequencyBase = (key: string): boolean => key.includes("freq_base");

/**
 * Whether a hyperparameter says by its value that the model has no such thing: llama.cpp's own writer gives a zero, or a
 * bound that is infinite, to whatever the architecture does not read.
 *
 * @param key behind the architecture's name
 */
export function isUnset(key: string, value: unknown): boolean {
  return value === -Infinity || (value === 0 && (POSITIVE.includes(key) || isFrequencyBase(key)));
}

const TOKENS = "tokenizer.ggml.tokens";
const TOKEN_TYPES = "tokenizer.ggml.token_type";
const BYTE_TOKEN = 6;

/** ggml's Q8_1 and Q8_K, made while computing and never stored. */
const COMPUTED_TYPES: ReadonlySet<number> = new Set([9, 15]);
/** ggml's integer types and F64. */
const FIRST_PLAIN_TYPE = 24;
const LAST_PLAIN_TYPE = 28;
const F32 = 0;

/**
 * Checks a model file's hyperparameters, tokens and tensor types for what llama.cpp, which trusts them, ends the process
 * over. The patched loader refuses the same in MixLLM files (patches/).
 *
 * @param file path, for errors of reading
 * @param isExempt tells by name which tensors have types of their own
 * @param fail is called with what is wrong, naming the key, token or tensor, and does not return
 */
export async function checkModel(
  handle: FileHandle,
  file: string,
  header: GgufHeader,
  isExempt: (name: string) => boolean,
  fail: (problem: string) => never
): Promise<void> {
  const values = async (key: string): Promise<GgufScalar[]> => {
    const value = header.metadata.get(key);
    if (typeof value !== "object") return value === undefined ? [] : [value];
    return readMetadataArray(handle, file, header.places.get(key)!);
  };
  const architecture = header.metadata.get("general.architecture");
  if (typeof architecture === "string") {
    const prefix = `${architecture}.`;
    const numbers = new Map<string, number[]>();
    for (const key of header.metadata.keys())
      if (key.startsWith(prefix)) numbers.set(key.slice(prefix.length), numbersOf(await values(key)));
    const ropeType = header.metadata.get(`${prefix}rope.scaling.type`);
    if (typeof ropeType === "string" && !ROPE_SCALING_TYPES.includes(ropeType))
      fail(`the metadata value ${prefix}rope.scaling.type is "${ropeType}", not ${ROPE_SCALING_TYPES.join(", ")}`);
    checkHyperparameters(numbers, (key, problem) => fail(`the metadata value ${prefix}${key} ${problem}`));
  }
  const tokens = (await values(TOKENS)).filter((token) => typeof token === "string");
  checkTokens(tokens, numbersOf(await values(TOKEN_TYPES)), fail);
  for (const tensor of header.tensors) checkTensor(tensor, isExempt(tensor.name), fail);
}

function numbersOf(values: readonly GgufScalar[]): number[] {
  return values.filter((value) => typeof value === "number" || typeof value === "bigint").map(Number);
}

function checkHyperparameters(
  numbers: ReadonlyMap<string, readonly number[]>,
  refuse: (key: string, problem: string) => never
): void {
  const first = (key: string, absent = 0): number => numbers.get(key)?.[0] ?? absent;
  const range = (key: string, least: number, most: number): void => {
    for (const value of numbers.get(key) ?? [])
      if (!(value >= least && value <= most)) refuse(key, `is ${value}, not from ${least} to ${most}`);
  };

  for (const [key, all] of numbers)
    for (const value of all) {
      if (!Number.isFinite(value)) refuse(key, `is ${value}, not a finite number`);
      if (key.endsWith("epsilon") && value < 0) refuse(key, `is ${value}, below 0`);
      if (isFrequencyBase(key) && value <= 0) refuse(key, `is ${value}, not above 0`);
    }

  const layers = first("block_count", 1);
  range("block_count", 1, MAX_LAYERS);
  range("nextn_predict_layers", 0, layers - 1);
  for (const key of POSITIVE) range(key, 1, MAX_INT);

  const heads = numbers.get("attention.head_count") ?? [];
  const kvHeads = numbers.get("attention.head_count_kv") ?? heads;
  for (let layer = 0; layer < layers; layer++) {
    const query = ofLayer(heads, layer);
    const kv = ofLayer(kvHeads, layer);
    if (kv > 0 && query % kv !== 0)
      refuse("attention.head_count", `is ${query}, no multiple of attention.head_count_kv, ${kv}`);
  }
  const derivedLength = ofLayer(heads, 0) > 0 ? Math.floor(first("embedding_length") / ofLayer(heads, 0)) : 0;
  for (const suffix of ["", "_swa"]) {
    const length = first(`attention.key_length${suffix}`, derivedLength);
    const rotated = first(`rope.dimension_count${suffix}`);
    if (rotated % 2 !== 0 || (ofLayer(heads, 0) > 0 && rotated > length))
      refuse(`rope.dimension_count${suffix}`, `is ${rotated}, not an even number up to the heads' length, ${length}`);
  }

  const experts = first("expert_count");
  const used = numbers.get("expert_used_count") ?? [];
  const groups = first("expert_group_count");
  range("expert_count", 0, MAX_EXPERTS);
  range("expert_used_count", 0, experts);
  if (experts > 1 && !used.some((count) => count > 0))
    refuse("expert_used_count", "is 0 or missing, and there are experts");
  range("expert_group_count", 0, Math.max(0, experts - 1));
  if (groups > 1) {
    range("expert_group_used_count", 1, groups - 1);
    if (experts % groups !== 0) refuse("expert_count", `is ${experts}, no multiple of expert_group_count, ${groups}`);
  }
}

/** The number of a layer, from one for all layers or from an array. */
function ofLayer(all: readonly number[], layer: number): number {
  return all[all.length === 1 ? 0 : Math.min(layer, all.length - 1)] ?? 0;
}

function checkTokens(tokens: readonly string[], types: readonly number[], fail: (problem: string) => never): void {
  const ids = new Map<string, number>();
  for (const [id, bytes] of tokens.entries()) {
    const [text = ""] = bytes.split("\0", 1); // as far as llama.cpp reads it
    const shown = JSON.stringify(Buffer.from(text.slice(0, 40), "latin1").toString("utf8"));
    const other = ids.get(text);
    // llama.cpp gives an empty token a text of its own.
    if (other !== undefined && text !== "") fail(`tokens ${other} and ${id} of ${TOKENS} have the same text ${shown}`);
    ids.set(text, id);
    if (types[id] === BYTE_TOKEN && !/^<0x[0-9A-Fa-f]{2}>$/.test(text))
      fail(`token ${id} of ${TOKENS} is of type byte, and its text is ${shown}, not as <0x0A>`);
  }
}

function checkTensor({ name, type, dimensions }: GgufTensor, exempt: boolean, fail: (problem: string) => never): void {
  const known = ggmlTypeSize(type);
  if (known === undefined) return fail(`the tensor ${name} is of the unknown type ${type}`);
  if (dimensions.includes(0)) fail(`the tensor ${name} has no elements`);
  if (exempt) return;
  if (type !== F32 && dimensions.length === 1 && /norm|\.bias$|^rope_/.test(name))
    fail(`the tensor ${name} is of type ${known.name}, and it must be F32`);
  const isPlain = type >= FIRST_PLAIN_TYPE && type <= LAST_PLAIN_TYPE && !isFloatType(type);
  if ((isPlain && !name.includes("tid2eid")) || COMPUTED_TYPES.has(type))
    fail(`the tensor ${name} is of type ${known.name}, which no weight can have`);
}
