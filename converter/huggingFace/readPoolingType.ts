import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "./JsonObject.js";
import type { ModelDirectory } from "./ModelDirectory.js";

/** How an embedding model turns token vectors into one, by its number in `<arch>.pooling_type`. */
const POOLING_TYPES: readonly { readonly mode: string; readonly flag: string; readonly value: number }[] = [
  { mode: "mean", flag: "pooling_mode_mean_tokens", value: 1 },
  { mode: "cls", flag: "pooling_mode_cls_token", value: 2 },
  { mode: "lasttoken", flag: "pooling_mode_lasttoken", value: 3 }
];

/**
 * Reads how a sentence-transformers model pools, from modules.json and the pooling module's own configuration.
 *
 * @returns GGUF's number, or undefined when the model is no such model
 * @throws {InvalidInputError} it pools in a way llama.cpp does not
 */
export async function readPoolingType(directory: ModelDirectory): Promise<number | undefined> {
  if (!directory.has("modules.json")) return undefined;
  const list = await directory.readJsonValue("modules.json");
  const modules = (Array.isArray(list) ? (list as unknown[]) : []).map((item) => new JsonObject("modules.json", item));
  const folder = modules.find((item) => item.optionalString("type")?.endsWith("Pooling") === true)?.string("path");
  if (folder === undefined || !/^[\w-]+$/.test(folder)) return undefined;

  const config = await directory.readJson(`${folder}/config.json`);
  const mode = config.get("pooling_mode");
  const type =
    POOLING_TYPES.find(({ flag }) => config.get(flag) === true) ?? POOLING_TYPES.find((known) => known.mode === mode);
  if (type === undefined) {
    throw new InvalidInputError(`${config.source} asks for a pooling other than mean, CLS or last token`);
  }
  return type.value;
}
