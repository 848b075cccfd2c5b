import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

/** A token that tokenizer.json or tokenizer_config.json adds to the vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** The tokenizer's JSON files of a model directory; each may be absent. */
export interface TokenizerFiles {
  readonly directory: ModelDirectory;
  readonly tokenizer: JsonObject | undefined;
  readonly config: JsonObject | undefined;
  /** `added_tokens` of tokenizer.json. */
  readonly addedTokens: readonly AddedToken[];
  /** `added_tokens_decoder` of tokenizer_config.json. */
  readonly configuredTokens: readonly AddedToken[];
}

/** @throws {InvalidInputError} a file is there but malformed */
export async function readTokenizerFiles(directory: ModelDirectory): Promise<TokenizerFiles> {
  const tokenizer = await directory.readOptionalJson("tokenizer.json");
  const config = await directory.readOptionalJson("tokenizer_config.json");

  const addedTokens = (tokenizer?.optionalArray("added_tokens") ?? []).map((value) => {
    const entry = new JsonObject(`an entry of "added_tokens" in ${directory.pathOf("tokenizer.json")}`, value);
    const id = entry.optionalInteger("id");
    if (id === undefined) throw new InvalidInputError(`${entry.source} has no "id"`);
    return { id, content: entry.string("content"), special: entry.optionalBoolean("special") ?? false };
  });

  const decoder = config?.optionalObject("added_tokens_decoder");
  const configuredTokens = (decoder?.keys() ?? []).map((key) => {
    const entry = decoder?.object(key) as JsonObject;
    if (!/^\d{1,9}$/.test(key)) throw new InvalidInputError(`${entry.source}: "${key}" is not a token id`);
    return { id: Number(key), content: entry.string("content"), special: entry.optionalBoolean("special") ?? false };
  });

  return { directory, tokenizer, config, addedTokens, configuredTokens };
}
