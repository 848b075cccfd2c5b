import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

/** How byte-level BPE writes a space inside a token. */
const ENCODED_SPACE = "\u0120";

/**
 * The merges of a BPE tokenizer, each two tokens joined by a space.
 *
 * Tokenizers write them as `"a b"` or, since tokens may hold spaces, as `["a", "b"]`; older ones keep them in
 * merges.txt alone.
 *
 * @param model the `model` object of tokenizer.json
 * @throws {InvalidInputError} merges are malformed or there are none
 */
export async function readMerges(model: JsonObject, directory: ModelDirectory): Promise<string[]> {
  const merges = model.optionalArray("merges") ?? [];
  if (merges.length === 0) return readMergesFile(directory);
  return merges.map((merge) => {
    if (typeof merge === "string") return merge;
    if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string")) {
      return merge.map((part: string) => part.replaceAll(" ", ENCODED_SPACE)).join(" ");
    }
    throw new InvalidInputError(`"merges" in ${model.source} holds ${JSON.stringify(merge)}, which is not a merge`);
  });
}

async function readMergesFile(directory: ModelDirectory): Promise<string[]> {
  if (!directory.has("merges.txt")) {
    throw new InvalidInputError(`the BPE tokenizer in ${directory.path} has no merges`);
  }
  const lines = (await directory.readText("merges.txt")).split("\n");
  if (lines[0]?.startsWith("#") === true) lines.shift();
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((parts) => parts.length === 2)
    .map((parts) => parts.join(" "));
}
