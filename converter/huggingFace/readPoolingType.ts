import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { anyObject, checkJson, listOf, optional, text } from "../../common/json.js";
import type { ModelDirectory } from "./ModelDirectory.js";

/** How an embedding model turns token vectors into one, by its number in `<arch>.pooling_type`. */
const POOLING_TYPES: readonly { readonly mode: string; readonly flag: string; readonly value: number }[] = [
  { mode: "mean", flag: "pooling_mode_mean_tokens", value: 1 },
  { mode: "cls", flag: "pooling_mode_cls_token", value: 2 },
  { mode: "lasttoken", flag: "pooling_mode_lasttoken", value: 3 }
];

const MODULES = listOf(z.object({ type: optional(text), path: optional(text) }, { error: "a JSON object" }));

/**
 * Reads how a sentence-transformers model pools, from modules.json and the pooling module's own configuration.
 *
 * @returns GGUF's number, or undefined when the model is no such model
 * @throws {InvalidInputError} it pools in a way llama.cpp does not
 */
export async function readPoolingType(directory: ModelDirectory): Promise<number | undefined> {
  if (!directory.has("modules.json")) return undefined;
  const modules = checkJson(directory.pathOf("modules.json"), await directory.readJsonValue("modules.json"), MODULES);
  const folder = modules.find(({ type }) => type?.endsWith("Pooling") === true)?.path;
  if (folder === undefined || !/^[\w-]+$/.test(folder)) return undefined;

  const source = directory.pathOf(`${folder}/config.json`);
  const config = checkJson(source, await directory.readJsonValue(`${folder}/config.json`), anyObject);
  const type =
    POOLING_TYPES.find(({ flag }) => config[flag] === true) ??
    POOLING_TYPES.find((known) => known.mode === config["pooling_mode"]);
  if (type === undefined) {
    throw new InvalidInputError(`${source} asks for a pooling other than mean, CLS or last token`);
  }
  return type.value;
}
