import path from "node:path";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";

export interface ChatTemplates {
  /** The template used unless another is asked for. */
  readonly default: string | undefined;
  /** Further templates by name, such as `tool_use`. */
  readonly named: ReadonlyMap<string, string>;
}

/** Where transformers keeps named templates beside chat_template.jinja. */
const ADDITIONAL_TEMPLATES = "additional_chat_templates";

/**
 * Collects chat templates from wherever a model keeps them: in tokenizer_config.json (one text, or a list of named
 * ones), else in chat_template.jinja with its folder of additional ones, else in chat_template.json.
 */
export async function readChatTemplates(files: TokenizerFiles): Promise<ChatTemplates> {
  const { directory } = files;
  const configured = files.config?.get("chat_template");
  if (configured !== undefined) return collect(configured);
  if (directory.has("chat_template.jinja")) {
    const named = new Map<string, string>();
    if (directory.has(ADDITIONAL_TEMPLATES)) {
      const additional = await ModelDirectory.open(directory.pathOf(ADDITIONAL_TEMPLATES));
      for (const name of additional.fileNames().filter((file) => file.endsWith(".jinja")))
        named.set(templateKey(path.parse(name).name), await additional.readText(name));
    }
    return { default: await directory.readText("chat_template.jinja"), named };
  }
  return collect((await directory.readOptionalJson("chat_template.json"))?.get("chat_template"));
}

function collect(value: unknown): ChatTemplates {
  const named = new Map<string, string>();
  if (typeof value === "string") return { default: value, named };
  let unnamed: string | undefined;
  for (const entry of Array.isArray(value) ? (value as unknown[]) : []) {
    if (typeof entry !== "object" || entry === null) continue;
    const { name, template } = entry as { name?: unknown; template?: unknown };
    if (typeof name !== "string" || typeof template !== "string" || name === "") continue;
    if (name === "default") unnamed = template;
    else named.set(templateKey(name), template);
  }
  return { default: unnamed, named };
}

/** A template's name as part of a GGUF key, where only letters and digits are safe. */
function templateKey(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, "_");
}
