import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";

/** Roles a special token can have, as configuration files name them. */
export type SpecialTokenRole = "bos" | "eos" | "unk" | "sep" | "pad" | "cls" | "mask" | "eot" | "eom";

export interface SpecialTokens {
  /** Token ids, in the order they are written. */
  readonly ids: ReadonlyMap<SpecialTokenRole, number>;
  /** Whether the tokenizer adds the token to every text by itself, in the order they are written. */
  readonly added: ReadonlyMap<SpecialTokenRole, boolean>;
}

const USUAL_ROLES: readonly SpecialTokenRole[] = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/**
 * Works out the special tokens as a stock conversion does: token texts from tokenizer_config.json (corrected by what
 * tokenizer.json's post-processor really adds) looked up among the added tokens, then ids from config.json for roles
 * still open. An id list, as Llama 3 has for its end-of-sequence tokens, does not count as an id.
 *
 * @param config config.json
 * @param vocabularySize ids at or above it are ignored
 */
export function readSpecialTokens(files: TokenizerFiles, config: JsonObject, vocabularySize: number): SpecialTokens {
  const ids = new Map<SpecialTokenRole, number>();
  const added = new Map<SpecialTokenRole, boolean>();
  const setId = (role: SpecialTokenRole, id: unknown): void => {
    if (!Number.isInteger(id) || ids.has(role)) return;
    if ((id as number) < 0) {
      throw new InvalidInputError(`the ${role} token of ${files.directory.path} has id ${id as number}`);
    }
    if ((id as number) < vocabularySize) ids.set(role, id as number);
  };

  const names = readNames(files.config);
  const roles = [...USUAL_ROLES];
  if (files.tokenizer !== undefined) {
    applyPostProcessor(files.tokenizer, { names, roles, added, isConfigured: files.config !== undefined });
  }
  if (files.config !== undefined) {
    for (const role of roles) {
      const adds = files.config.get(`add_${role}_token`);
      if (typeof adds === "boolean") added.set(role, adds);
      const name = names.get(role);
      if (name !== undefined) setId(role, files.addedTokens.find(({ content }) => content === name)?.id);
    }
  }
  for (const role of roles) setId(role, config.get(`${role}_token_id`));
  return { ids, added };
}

/** Token texts of tokenizer_config.json, each given as a string or as an object with `content`. */
function readNames(config: JsonObject | undefined): Map<SpecialTokenRole, string> {
  const names = new Map<SpecialTokenRole, string>();
  for (const role of USUAL_ROLES) {
    const entry = config?.get(`${role}_token`);
    const content = typeof entry === "object" && entry !== null && "content" in entry ? entry.content : entry;
    if (typeof content === "string") names.set(role, content);
  }
  return names;
}

interface PostProcessing {
  readonly names: Map<SpecialTokenRole, string>;
  readonly roles: SpecialTokenRole[];
  readonly added: Map<SpecialTokenRole, boolean>;
  readonly isConfigured: boolean;
}

function applyPostProcessor(tokenizer: JsonObject, state: PostProcessing): void {
  const { names } = state;
  // Encoder-style names stand in where a model has no others.
  if (!names.has("bos") && names.has("cls")) names.set("bos", names.get("cls") as string);
  if (!names.has("eos") && names.has("sep")) names.set("eos", names.get("sep") as string);

  const postProcessor = tokenizer.optionalObject("post_processor");
  if (postProcessor === undefined) return;
  const steps = postProcessor.optionalArray("processors")?.map((step) => new JsonObject("a post-processor", step));
  for (const step of steps ?? [postProcessor]) {
    if (step.get("type") === "TemplateProcessing") applyTemplate(step, state);
  }
}

/** Reads from a template such as `<s> A </s>` which special tokens surround every text. */
function applyTemplate(template: JsonObject, { names, roles, added, isConfigured }: PostProcessing): void {
  const single = templateItems(template, "single");
  const first = single.length > 1 ? single[0]?.special : undefined;
  const last = single.length > 1 ? single.at(-1)?.special : undefined;

  if (first !== undefined) {
    if (!names.has("bos")) names.set("bos", first);
    if (isConfigured && !names.has("cls")) names.set("cls", first);
    added.set("bos", first === names.get("bos") || first === names.get("cls"));
  }
  if (last !== undefined) {
    const previous = names.get("eos");
    if (isConfigured && last !== previous) {
      // What ends a text is the end of sequence; the configured token then ends a turn or message.
      const freed = (["eot", "eom"] as const).find((role) => !roles.includes(role));
      if (freed !== undefined) {
        roles.push(freed);
        if (previous !== undefined) names.set(freed, previous);
      }
    }
    names.set("eos", last);
    added.set("eos", true);
  }

  const pair = templateItems(template, "pair");
  if (pair.length === 0) return;
  const start = first !== undefined && pair[0]?.special === first ? 1 : 0;
  const end = last !== undefined && pair.at(-1)?.special === last ? -1 : undefined;
  const inner = pair.slice(start, end);
  if (inner[0]?.sequence !== "A" || inner.at(-1)?.sequence !== "B" || inner.length <= 2) return;
  const separators = [names.get("sep"), names.get("eos")];
  const between = inner.slice(1, -1);
  const separates =
    (last === undefined && isOneOf(between[0]?.special, separators)) ||
    (between.length === 2 && isOneOf(between[1]?.special, separators));
  added.set("sep", separates);
  if (separates && isConfigured && !names.has("sep") && names.has("eos")) names.set("sep", names.get("eos") as string);
}

function templateItems(template: JsonObject, key: string): { special?: string; sequence?: string }[] {
  return (template.optionalArray(key) ?? []).map((value) => {
    const item = new JsonObject(`an item of "${key}" in the post-processor`, value);
    const special = item.optionalObject("SpecialToken")?.optionalString("id");
    const sequence = item.optionalObject("Sequence")?.optionalString("id");
    return { ...(special === undefined ? {} : { special }), ...(sequence === undefined ? {} : { sequence }) };
  });
}

function isOneOf(value: string | undefined, candidates: readonly (string | undefined)[]): boolean {
  return value !== undefined && candidates.includes(value);
}
