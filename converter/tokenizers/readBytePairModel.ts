import { InvalidInputError } from "../../common/errors.js";
import { describeJson } from "../../common/json.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { MAX_TOKENS } from "./TokenizerFiles.js";
import { quoteToken } from "./Vocabulary.js";

/** The `model` of a tokenizer.json: byte-pair encoding. */
export interface BytePairModel {
  /** tokenizer.json, for errors. */
  readonly source: string;
  readonly ids: ReadonlyMap<string, number>;
  /** Tokens by id, with holes where an id has none. */
  readonly texts: readonly (string | undefined)[];
  /** The pairs of tokens that are joined, those that come first first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Whether a piece of text that is a token is taken whole, whatever the merges make of it. */
  readonly ignoresMerges: boolean;
  /** What stands for text that has no token. */
  readonly unknown: string | undefined;
}

/** Fields that say nothing about which tokens a text has as long as every byte has a token. */
const HARMLESS: ReadonlySet<string> = new Set([
  "type",
  "vocab",
  "merges",
  "unk_token",
  "fuse_unk",
  "byte_fallback",
  "ignore_merges"
]);
/** Fields that llama.cpp has nothing for; what they are while they do nothing. */
const UNSUPPORTED: ReadonlyMap<string, unknown> = new Map([
  ["continuing_subword_prefix", ""],
  ["end_of_word_suffix", ""]
]);

/**
 * Reads a tokenizer.json's model.
 *
 * @throws {InvalidInputError} it is no byte-pair encoding, is malformed, or does what llama.cpp does not
 */
export async function readBytePairModel(
  tokenizer: JsonObject,
  directory: ModelDirectory,
  warn: (message: string) => void
): Promise<BytePairModel> {
  const model = tokenizer.object("model");
  const type = model.optionalString("type") ?? "BPE";
  if (type !== "BPE") {
    throw new InvalidInputError(`${tokenizer.source} holds a ${type} tokenizer`, {
      fix: "Tokenizers that can be converted: BPE (tokenizer.json) and SentencePiece BPE (tokenizer.model)."
    });
  }
  checkFields(model, warn);
  const { ids, texts } = readTokenIds(model);
  const merges = await readMerges(model, directory);
  for (const [left, right] of merges) {
    const absent = [left, right, left + right].find((text) => !ids.has(text));
    if (absent !== undefined) {
      throw new InvalidInputError(
        `"merges" in ${model.source} joins ${quoteToken(left)} and ${quoteToken(right)}, but the vocabulary has no ` +
          quoteToken(absent),
        { fix: "The file is damaged or was edited: take the tokenizer of the original model." }
      );
    }
  }
  return {
    source: tokenizer.source,
    ids,
    texts,
    merges,
    ignoresMerges: model.optionalBoolean("ignore_merges") ?? false,
    unknown: model.optionalString("unk_token")
  };
}

function checkFields(model: JsonObject, warn: (message: string) => void): void {
  for (const key of model.keys()) {
    const value = model.get(key);
    if (HARMLESS.has(key) || value === undefined || value === UNSUPPORTED.get(key)) continue;
    if (UNSUPPORTED.has(key)) {
      throw new InvalidInputError(
        `"${key}" in ${model.source} marks where in a word a token stands, which llama.cpp does not`,
        {
          fix: "No GGUF can express this tokenizer."
        }
      );
    }
    if (key !== "dropout") warn(`${quoteToken(key)} in ${model.source} is not known here and was left aside`);
    else if (value !== 0) warn("the tokenizer leaves out merges at random (dropout); llama.cpp never does");
  }
}

function readTokenIds(model: JsonObject): Pick<BytePairModel, "ids" | "texts"> {
  const vocabulary = model.object("vocab");
  const ids = new Map<string, number>();
  const texts: (string | undefined)[] = [];
  for (const token of vocabulary.keys()) {
    const id = vocabulary.get(token);
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS) {
      throw new InvalidInputError(`${vocabulary.source}: token ${quoteToken(token)} has no usable id`);
    }
    const other = texts[id];
    if (other !== undefined) {
      throw new InvalidInputError(
        `${vocabulary.source}: ${quoteToken(other)} and ${quoteToken(token)} have the same id, ${id}`,
        { fix: "A GGUF has one text an id: take the tokenizer of the original model." }
      );
    }
    texts[id] = token;
    ids.set(token, id);
  }
  return { ids, texts };
}

/**
 * Tokenizers write merges as `"a b"` or, since tokens may hold spaces, as `["a", "b"]`; older ones keep them in
 * merges.txt alone. A pair that is there twice counts where it is last.
 */
async function readMerges(model: JsonObject, directory: ModelDirectory): Promise<(readonly [string, string])[]> {
  const listed = model.optionalArray("merges") ?? [];
  const merges =
    listed.length === 0 ? await readMergesFile(directory) : listed.map((merge) => readMerge(merge, model.source));
  const last = new Map(merges.map(([left, right], rank) => [pairKey(left, right), rank]));
  return last.size === merges.length
    ? merges
    : merges.filter(([left, right], rank) => last.get(pairKey(left, right)) === rank);
}

/** A text that no other pair has; NUL is in no token. */
function pairKey(left: string | undefined, right: string | undefined): string {
  return `${left}\0${right}`;
}

function readMerge(merge: unknown, source: string): readonly [string, string] {
  const parts: unknown = typeof merge === "string" ? merge.split(" ") : merge;
  if (Array.isArray(parts) && parts.length === 2) {
    const [left, right] = parts as unknown[];
    if (typeof left === "string" && typeof right === "string" && left !== "" && right !== "") return [left, right];
  }
  throw new InvalidInputError(`"merges" in ${source} holds ${describeJson(merge)}, which is not a merge`);
}

async function readMergesFile(directory: ModelDirectory): Promise<(readonly [string, string])[]> {
  if (!directory.has("merges.txt")) {
    throw new InvalidInputError(`the BPE tokenizer in ${directory.path} has no merges`);
  }
  const lines = (await directory.readText("merges.txt")).split("\n");
  if (lines[0]?.startsWith("#") === true) lines.shift();
  return lines.map((line) => line.trim().split(/\s+/)).filter((parts): parts is [string, string] => parts.length === 2);
}

/** Longer tokens are not looked into: no text is made of them, and the time goes with the square of their length. */
const LONGEST_TOKEN = 256;

/** Tokens that merging their own characters does not lead to: they are found only where merges are ignored. */
export function tokensOutOfReach({ ids, merges }: BytePairModel): string[] {
  // Pairs and tokens as numbers: there are hundreds of thousands of either.
  const ranks = new Map<number, number>();
  const results: number[] = [];
  for (const [rank, [left, right]] of merges.entries()) {
    ranks.set(numberOf(ids.get(left), ids.get(right)), rank);
    results.push(ids.get(left + right) ?? NaN);
  }
  return [...ids].flatMap(([token, id]) => {
    const symbols = token.length > LONGEST_TOKEN ? [] : [...token].map((character) => ids.get(character) ?? NaN);
    mergeAll(symbols, ranks, results);
    return symbols.length === 1 && symbols[0] === id ? [] : [token];
  });
}

/** A number that no other pair of ids has. */
function numberOf(left = NaN, right = NaN): number {
  return left * MAX_TOKENS + right;
}

/** Joins neighbours by the merge that comes first, leftmost first, until none applies. */
function mergeAll(symbols: number[], ranks: ReadonlyMap<number, number>, results: readonly number[]): void {
  for (;;) {
    let best = Infinity;
    let at = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(numberOf(symbols[i], symbols[i + 1])) ?? Infinity;
      if (rank < best) [best, at] = [rank, i];
    }
    if (at === -1) return;
    symbols.splice(at, 2, results[best] ?? NaN);
  }
}

/**
 * Tokens that llama.cpp, which knows scores of tokens instead of merges, would put together from parts that no merge
 * joins, or in another order than the merges have.
 */
export function tokensMergedOtherwise({ ids, merges }: BytePairModel): string[] {
  const odd = new Set<string>();
  const pairs = new Set<string>();
  const done = new Set<string>();
  let current = "";
  for (const [left, right] of merges) {
    pairs.add(pairKey(left, right));
    const merged = left + right;
    if (merged === current) continue;
    if (done.has(merged)) odd.add(merged);
    done.add(merged);
    current = merged;
  }
  for (const token of ids.keys()) {
    const characters = token.length > LONGEST_TOKEN ? [] : [...token];
    let left = "";
    for (const character of characters.slice(0, -1)) {
      left += character;
      const right = token.slice(left.length);
      if (ids.has(left) && ids.has(right) && !pairs.has(pairKey(left, right))) odd.add(token);
    }
  }
  return [...odd];
}
