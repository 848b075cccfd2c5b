import { parse } from "yaml";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

/**
 * The YAML front matter of a model's README.md: licence, tags, base models.
 *
 * A model card is prose for people; one that cannot be read costs its metadata, not the conversion.
 *
 * @returns its fields, none when there is no card or no front matter
 */
export async function readModelCard(directory: ModelDirectory): Promise<ReadonlyMap<string, unknown>> {
  if (!directory.has("README.md")) return new Map();
  const lines = (await directory.readText("README.md")).split(/\r?\n/);
  const end = lines.indexOf("---", 1);
  if (lines[0] !== "---" || end === -1) return new Map();

  const frontMatter = lines
    .slice(1, end)
    // Norwegian's language code is false in YAML 1.1, which model cards are written in.
    .map((line) => line.replaceAll("\t", "  ").replace(/^(\s*)- no$/, '$1- "no"'))
    .join("\n");
  try {
    const fields: unknown = parse(frontMatter, { version: "1.1", maxAliasCount: 0 });
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return new Map();
    return new Map(Object.entries(fields).filter(([, value]) => value !== null));
  } catch {
    return new Map();
  }
}
