import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

/** A token that is matched as a whole before text is split. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Takes the white space before it along. */
  readonly lstrip: boolean;
  /** Takes the white space after it along. */
  readonly rstrip: boolean;
  /** Is matched only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Is looked for in normalized text. */
  readonly normalized: boolean;
}

/** The tokenizer's JSON files of a model directory; each may be absent. */
export interface TokenizerFiles {
  readonly directory: ModelDirectory;
  readonly tokenizer: JsonObject | undefined;
  readonly config: JsonObject | undefined;
  /** `added_tokens` of tokenizer.json, in the order of the file. */
  readonly addedTokens: readonly AddedToken[];
  /** `added_tokens_decoder` of tokenizer_config.json, or else added_tokens.json. */
  readonly configuredTokens: readonly AddedToken[];
  /** Texts of special tokens by their key, such as `bos_token`, of tokenizer_config.json and special_tokens_map.json. */
  readonly specialTexts: ReadonlyMap<string, string>;
  /** Those texts and all others that the two files call special. */
  readonly allSpecialTexts: ReadonlySet<string>;
}

/** Far above any real vocabulary; keeps one wrong id from allocating gigabytes. */
export const MAX_TOKENS = 4_000_000;

/** @throws {InvalidInputError} a file is there but malformed */
export async function readTokenizerFiles(directory: ModelDirectory): Promise<TokenizerFiles> {
  const tokenizer = await directory.readOptionalJson("tokenizer.json");
  const config = await directory.readOptionalJson("tokenizer_config.json");
  const decoder = config?.optionalObject("added_tokens_decoder");
  // As transformers has it, a tokenizer_config.json with added tokens makes the two older files obsolete.
  const older = decoder === undefined;
  const map = older ? await directory.readOptionalJson("special_tokens_map.json") : undefined;
  const named = [config, map].filter((file) => file !== undefined);
  const specialTexts = new Map(named.flatMap(readSpecialTexts));
  const allSpecialTexts = new Set([...specialTexts.values(), ...named.flatMap(readFurtherSpecialTexts)]);
  return {
    directory,
    tokenizer,
    config,
    addedTokens: readAddedTokens(tokenizer),
    configuredTokens:
      decoder === undefined
        ? readAddedTokensFile(await directory.readOptionalJson("added_tokens.json"), allSpecialTexts)
        : readAddedTokensDecoder(decoder),
    specialTexts,
    allSpecialTexts
  };
}

function readAddedTokens(tokenizer: JsonObject | undefined): AddedToken[] {
  const source = `an entry of "added_tokens" in ${tokenizer?.source}`;
  return (tokenizer?.optionalArray("added_tokens") ?? []).map((value) => {
    const entry = new JsonObject(source, value);
    const id = entry.optionalInteger("id");
    if (id === undefined) throw new InvalidInputError(`${entry.source} has no "id"`);
    return readAddedToken(id, entry);
  });
}

function readAddedTokensDecoder(decoder: JsonObject): AddedToken[] {
  return decoder.keys().map((key) => {
    const entry = decoder.object(key);
    if (!/^\d{1,9}$/.test(key)) throw new InvalidInputError(`${entry.source}: "${key}" is not a token id`);
    return readAddedToken(Number(key), entry);
  });
}

function readAddedToken(id: number, entry: JsonObject): AddedToken {
  if (id >= MAX_TOKENS) throw new InvalidInputError(`${entry.source}: ${id} is no reasonable token id`);
  const special = entry.optionalBoolean("special") ?? false;
  return {
    id,
    content: entry.string("content"),
    special,
    lstrip: entry.optionalBoolean("lstrip") ?? false,
    rstrip: entry.optionalBoolean("rstrip") ?? false,
    singleWord: entry.optionalBoolean("single_word") ?? false,
    normalized: entry.optionalBoolean("normalized") ?? !special
  };
}

function readAddedTokensFile(file: JsonObject | undefined, special: ReadonlySet<string>): AddedToken[] {
  return (file?.keys() ?? []).flatMap((content) => {
    const id = file?.optionalInteger(content);
    if (id === undefined || id >= MAX_TOKENS) return [];
    const isSpecial = special.has(content);
    const flags = { lstrip: false, rstrip: false, singleWord: false };
    return [{ id, content, special: isSpecial, ...flags, normalized: !isSpecial }];
  });
}

/** Entries such as `bos_token`, each a text or an object with `content`. */
function readSpecialTexts(file: JsonObject): [string, string][] {
  return file.keys().flatMap((key): [string, string][] => {
    const text = key.endsWith("_token") ? textOf(file.get(key)) : undefined;
    return text === undefined ? [] : [[key, text]];
  });
}

/** Lists of texts or objects with `content`; newer files have an object of them by name. */
function readFurtherSpecialTexts(file: JsonObject): string[] {
  return ["additional_special_tokens", "extra_special_tokens"].flatMap((key) => {
    const value = file.get(key);
    const entries: unknown[] = typeof value === "object" && value !== null ? Object.values(value) : [];
    return entries.map(textOf).filter((text) => text !== undefined);
  });
}

function textOf(entry: unknown): string | undefined {
  const content = typeof entry === "object" && entry !== null && "content" in entry ? entry.content : entry;
  return typeof content === "string" ? content : undefined;
}
