import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";

/** Far above any real vocabulary; keeps one wrong id from allocating gigabytes. */
const MAX_TOKENS = 4_000_000;

/**
 * The tokens of a BPE model by id, with holes where an id has none.
 *
 * @param model the `model` object of tokenizer.json
 * @throws {InvalidInputError} an id is not a reasonable whole number
 */
export function readTokenIds(model: JsonObject): (string | undefined)[] {
  const vocabulary = model.object("vocab");
  const texts: (string | undefined)[] = [];
  for (const token of vocabulary.keys()) {
    const id = vocabulary.optionalInteger(token);
    if (id === undefined || id >= MAX_TOKENS) {
      throw new InvalidInputError(`${vocabulary.source}: token ${JSON.stringify(token)} has no usable id`);
    }
    texts[id] = token;
  }
  return texts;
}
