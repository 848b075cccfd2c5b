import { InvalidInputError } from "../../common/errors.js";
import { describeJson } from "../../common/json.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import { addsBosByItself } from "./preTokenizers.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import { quoteTokens, type Vocabulary } from "./Vocabulary.js";

/** Roles a special token can have, as configuration files name them. */
export type SpecialTokenRole = "bos" | "eos" | "unk" | "sep" | "pad" | "cls" | "mask" | "eot" | "eom";

export interface SpecialTokens {
  /** Token ids, in the order they are written. */
  readonly ids: ReadonlyMap<SpecialTokenRole, number>;
  /** Whether the tokenizer adds the token to every text by itself, in the order they are written. */
  readonly added: ReadonlyMap<SpecialTokenRole, boolean>;
}

/** Ids that llama.cpp takes special tokens of a SentencePiece vocabulary to have unless the file says otherwise. */
const SENTENCE_PIECE_IDS: Partial<Record<SpecialTokenRole, number>> = { unk: 0, bos: 1, eos: 2 };

const USUAL_ROLES: readonly SpecialTokenRole[] = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/**
 * Works out the special tokens as a stock conversion does: token texts from tokenizer_config.json or, in older models,
 * special_tokens_map.json (corrected by what tokenizer.json's post-processor really adds) looked up among the
 * added tokens, then ids from config.json for roles still open, at last the texts among all tokens. An id list, as Llama
 * 3 has for its end-of-sequence tokens, does not count as an id.
 *
 * Where llama.cpp would put BOS in front of every text by itself and the tokenizer does not, that is said too.
 *
 * @param config config.json
 * @throws {InvalidInputError} every text gets tokens that llama.cpp does not add
 */
export function readSpecialTokens(files: TokenizerFiles, config: JsonObject, vocabulary: Vocabulary): SpecialTokens {
  const ids = new Map<SpecialTokenRole, number>();
  const added = new Map<SpecialTokenRole, boolean>();
  const setId = (role: SpecialTokenRole, id: unknown): void => {
    if (!Number.isInteger(id) || ids.has(role)) return;
    // Padding is often -1, for none.
    if ((id as number) >= 0 && (id as number) < vocabulary.tokens.length) ids.set(role, id as number);
  };

  const names = new Map(
    USUAL_ROLES.flatMap((role): [SpecialTokenRole, string][] => {
      const text = files.specialTexts.get(`${role}_token`);
      return text === undefined ? [] : [[role, text]];
    })
  );
  const roles = [...USUAL_ROLES];
  const isConfigured = files.config !== undefined || names.size > 0;
  if (files.tokenizer !== undefined) {
    applyPostProcessor(files.tokenizer, {
      names,
      roles,
      added,
      isConfigured,
      // transformers builds the template anew where the configuration says what is added.
      isRebuilt: ["add_bos_token", "add_eos_token"].some((key) => typeof files.config?.get(key) === "boolean")
    });
  }
  if (isConfigured) {
    const addedIds = new Map(files.addedTokens.map(({ content, id }) => [content, id]));
    for (const role of roles) {
      const adds = files.config?.get(`add_${role}_token`);
      if (typeof adds === "boolean") added.set(role, adds);
      setId(role, addedIds.get(names.get(role) ?? ""));
    }
  }
  for (const role of roles) setId(role, config.get(`${role}_token_id`));
  for (const [role, name] of names) {
    // What llama.cpp takes a token for by itself is not said, as in a stock conversion.
    const id = vocabulary.tokens.indexOf(name);
    if (id !== -1 && !(vocabulary.model === "llama" && SENTENCE_PIECE_IDS[role] === id)) setId(role, id);
  }
  sayWhetherBosIsAdded(files, vocabulary, ids, added);
  return { ids, added };
}

/** llama.cpp puts BOS in front of every text after some pre-tokenizers, even where there is none: then its token 11. */
function sayWhetherBosIsAdded(
  { tokenizer, config }: TokenizerFiles,
  vocabulary: Vocabulary,
  ids: ReadonlyMap<SpecialTokenRole, number>,
  added: Map<SpecialTokenRole, boolean>
): void {
  const isByteLevel = vocabulary.model === "gpt2";
  const has = (role: "bos" | "eos"): boolean => !isByteLevel || ids.has(role);
  // Llama's own class has always added BOS, its other forms do what tokenizer.json says.
  const isLlamaClass = /^(Code)?LlamaTokenizer(Fast)?$/.test(config?.optionalString("tokenizer_class") ?? "");
  const unsaid = added.get("bos") === undefined && tokenizer !== undefined && (isByteLevel || !isLlamaClass);
  const byItself = isByteLevel ? addsBosByItself(vocabulary.preTokenizer) : true;
  if ((unsaid && byItself) || (added.get("bos") === true && !has("bos"))) added.set("bos", false);
  if (added.get("eos") === true && !has("eos")) added.set("eos", false);
}

interface PostProcessing {
  readonly names: Map<SpecialTokenRole, string>;
  readonly roles: SpecialTokenRole[];
  readonly added: Map<SpecialTokenRole, boolean>;
  readonly isConfigured: boolean;
  /** Whether the configuration's tokens are added instead of the template's. */
  readonly isRebuilt: boolean;
}

/** One item of a template such as `<s> A </s>`. */
interface TemplateItem {
  readonly special?: string;
  readonly sequence?: string;
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
    switch (step.get("type")) {
      case "ByteLevel": // trims offsets alone
        break;
      case "TemplateProcessing": {
        const single = templateItems(step, "single");
        if (!state.isRebuilt) assertSimple(tokenizer.source, single);
        applyTemplate(single, templateItems(step, "pair"), state);
        break;
      }
      case "RobertaProcessing":
      case "BertProcessing": {
        const [first, last] = [nameOf(step, "cls"), nameOf(step, "sep")];
        applyTemplate([{ special: first }, { sequence: "A" }, { special: last }], [], state);
        break;
      }
      default:
        throw new InvalidInputError(
          `${tokenizer.source} ends with a step of the kind ${describeJson(step.get("type"))}, which is not known here`
        );
    }
  }
}

/** The token of a pair of text and id. */
function nameOf(step: JsonObject, key: string): string {
  const [name] = step.optionalArray(key) ?? [];
  if (typeof name === "string") return name;
  throw new InvalidInputError(`${step.source} has no "${key}"`);
}

/** llama.cpp adds at most one token at either end. */
function assertSimple(source: string, single: readonly TemplateItem[]): void {
  const at = single.findIndex(({ sequence }) => sequence !== undefined);
  const isSimple = single.length === 0 || (at !== -1 && at <= 1 && single.length - at <= 2);
  if (isSimple && single.filter(({ sequence }) => sequence !== undefined).length <= 1) return;
  const specials = single.map(({ special }) => special).filter((special) => special !== undefined);
  throw new InvalidInputError(
    `${source} adds ${quoteTokens(specials)} to every text; llama.cpp can add one token in front and one behind`,
    { fix: "Change the post-processor if the model does with fewer." }
  );
}

/** Reads from a template such as `<s> A </s>` which special tokens surround every text. */
function applyTemplate(
  single: readonly TemplateItem[],
  pair: readonly TemplateItem[],
  { names, roles, added, isConfigured, isRebuilt }: PostProcessing
): void {
  const first = single.length > 1 ? single[0]?.special : undefined;
  const last = single.length > 1 ? single.at(-1)?.special : undefined;

  if (first !== undefined) {
    // What begins every text is the beginning of a sequence, whatever the configuration calls so.
    if (!isRebuilt || !names.has("bos")) names.set("bos", first);
    if (isConfigured && !names.has("cls")) names.set("cls", first);
    added.set("bos", true);
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

function templateItems(template: JsonObject, key: string): TemplateItem[] {
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
