import { InvalidInputError } from "../../common/errors.js";
import { JsonObject } from "../huggingFace/JsonObject.js";

/** What a tokenizer.json does with text before its model sees it, as far as llama.cpp does the same. */
export type TextSteps =
  /** Text is split by patterns, its bytes are written as printable characters; `splits` says how, first step first. */
  | { readonly kind: "byteLevel"; readonly splits: readonly string[] }
  /** Spaces become U+2581; `prefixesSpace` puts one in front of the text, `normalizesInFront` before tokens are found. */
  | { readonly kind: "spaceMarks"; readonly prefixesSpace: boolean; readonly normalizesInFront: boolean };

/** How GPT-2's byte-level pre-tokenizer splits when no other pattern does. */
export const BYTE_LEVEL_SPLIT = "byte-level split";
/** How a pre-tokenizer splits that sets every digit apart. */
export const SINGLE_DIGITS = "single digits";

const SPACE_MARK = "\u2581";

/**
 * Reads normalizer and pre-tokenizer, step by step: what llama.cpp does not do is refused or, where only rare text is
 * concerned, warned of.
 *
 * @param tokenizer tokenizer.json
 * @param holdsInnerSpaces whether the vocabulary has tokens with a space mark after their first character
 * @throws {InvalidInputError} llama.cpp would tokenize ordinary text in another way
 */
export function readTextSteps(
  tokenizer: JsonObject,
  holdsInnerSpaces: () => boolean,
  warn: (message: string) => void
): TextSteps {
  const normalizers = flatten(tokenizer.optionalObject("normalizer"), "normalizers").filter(changesText);
  const preTokenizers = flatten(tokenizer.optionalObject("pre_tokenizer"), "pretokenizers");
  const isByteLevel = preTokenizers.some((step) => step.get("type") === "ByteLevel");
  const marksSpaces = normalizers.some(isSpaceMark) || preTokenizers.some((step) => step.get("type") === "Metaspace");
  const composed = normalizers.filter((step) => step.get("type") === "NFC");
  const others = normalizers.filter((step) => step.get("type") !== "NFC");
  const steps =
    isByteLevel || !marksSpaces
      ? readByteLevel(others, preTokenizers)
      : readSpaceMarks(others, preTokenizers, holdsInnerSpaces, warn);
  if (composed.length > 0) {
    warn(
      "the tokenizer composes accented characters first (Unicode's normal form C); llama.cpp takes text as it is, so " +
        "give it composed text, which nearly all text is"
    );
  }
  return steps;
}

/** The steps of a component, sequences within sequences laid out flat. */
function flatten(component: JsonObject | undefined, key: string): JsonObject[] {
  const open = component === undefined ? [] : [component];
  const steps: JsonObject[] = [];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (step.string("type") !== "Sequence") steps.push(step);
    else {
      const source = component?.source ?? "";
      const inner = (step.optionalArray(key) ?? []).map((value) => new JsonObject(`a step of ${source}`, value));
      for (const each of inner.reverse()) open.push(each);
    }
  }
  return steps;
}

function changesText(normalizer: JsonObject): boolean {
  const on = (key: string, byDefault = false): boolean => normalizer.optionalBoolean(key) ?? byDefault;
  switch (normalizer.get("type")) {
    case "Strip":
      return on("strip_left", true) || on("strip_right", true);
    case "Prepend":
      return normalizer.get("prepend") !== "";
    case "Replace":
      return patternOf(normalizer) !== normalizer.get("content");
    case "BertNormalizer": {
      const lowercase = on("lowercase", true);
      return on("clean_text", true) || on("handle_chinese_chars", true) || lowercase || on("strip_accents", lowercase);
    }
    default:
      return true;
  }
}

/** Whether a normalizer turns each space into a space mark. */
function isSpaceMark(normalizer: JsonObject): boolean {
  return (
    normalizer.get("type") === "Replace" && patternOf(normalizer) === " " && normalizer.get("content") === SPACE_MARK
  );
}

function patternOf(step: JsonObject): string | undefined {
  const pattern = step.optionalObject("pattern");
  return pattern?.optionalString("String") ?? pattern?.optionalString("Regex");
}

function readByteLevel(normalizers: readonly JsonObject[], preTokenizers: readonly JsonObject[]): TextSteps {
  const [normalizer] = normalizers;
  if (normalizer !== undefined) throw changesTextFirst(normalizer);
  const prefixing = preTokenizers.find(
    (step) => step.get("type") === "ByteLevel" && step.optionalBoolean("add_prefix_space") === true
  );
  if (prefixing !== undefined) {
    throw new InvalidInputError(
      `${prefixing.source} puts a space in front of text ("add_prefix_space"), which llama.cpp does not for byte-level BPE`,
      { fix: 'Set "add_prefix_space" to false if the model does without it.' }
    );
  }
  // Splits after the byte-level step would see its characters instead of the text's.
  const at = preTokenizers.findIndex((step) => step.get("type") === "ByteLevel");
  const splits = preTokenizers.map((step, i) => {
    const split = splitOf(step);
    return at !== -1 && i > at && split !== undefined ? `${split} (on bytes)` : split;
  });
  if (at === -1) splits.push("characters, not bytes");
  return { kind: "byteLevel", splits: splits.filter((split) => split !== undefined) };
}

/** What a pre-tokenizer splits by, or undefined where it leaves text whole. */
function splitOf(step: JsonObject): string | undefined {
  const type = step.string("type");
  switch (type) {
    case "Split": {
      const regex = step.object("pattern").optionalString("Regex");
      const pattern = regex ?? `the text ${JSON.stringify(patternOf(step))}`;
      const behavior = step.optionalString("behavior") ?? "Isolated";
      const invert = step.optionalBoolean("invert") ?? false;
      // What is kept of a pattern that matches everything is the same either way.
      const isIsolated = invert ? behavior === "Removed" : behavior === "Isolated";
      return isIsolated ? pattern : `${pattern} (${behavior}${invert ? ", inverted" : ""})`;
    }
    case "ByteLevel":
      return (step.optionalBoolean("use_regex") ?? true) ? BYTE_LEVEL_SPLIT : undefined;
    case "Digits":
      return step.optionalBoolean("individual_digits") === true ? SINGLE_DIGITS : "digits";
    default:
      return type;
  }
}

function readSpaceMarks(
  normalizers: readonly JsonObject[],
  preTokenizers: readonly JsonObject[],
  holdsInnerSpaces: () => boolean,
  warn: (message: string) => void
): TextSteps {
  let normalizesInFront = false;
  for (const step of normalizers) {
    const isPrefix = step.get("type") === "Prepend" && [SPACE_MARK, " "].includes(step.optionalString("prepend") ?? "");
    if (isPrefix && !normalizesInFront) normalizesInFront = true;
    else if (!isSpaceMark(step)) throw changesTextFirst(step);
  }
  const hasMarks = normalizers.some(isSpaceMark);

  let prefixesSpace = normalizesInFront;
  for (const step of preTokenizers) {
    if (step.get("type") === "Metaspace") {
      const scheme = prependScheme(step);
      if ((step.optionalBoolean("split") ?? true) && holdsInnerSpaces()) {
        throw new InvalidInputError(
          `${step.source} splits text before every space, so that no token holds one but in front, which llama.cpp ` +
            "does not: it would take tokens of several spaces",
          { fix: 'Set "split" to false if the model does without it.' }
        );
      }
      if (scheme !== "never" && !prefixesSpace) {
        prefixesSpace = true;
        warn("llama.cpp puts a space in front of text that begins with one too; the tokenizer does not");
        if (scheme === "first") {
          warn("llama.cpp puts a space in front of text after every added token; the tokenizer only at the very start");
        }
      }
    } else if (!(hasMarks && splitsAtPlainSpaces(step))) {
      throw new InvalidInputError(
        `${step.source} splits text by ${splitOf(step) ?? "bytes"}, which llama.cpp does not for a SentencePiece vocabulary`,
        { fix: "Take the tokenizer of the original model." }
      );
    }
  }
  return { kind: "spaceMarks", prefixesSpace, normalizesInFront };
}

function prependScheme(metaspace: JsonObject): string {
  if ((metaspace.optionalString("replacement") ?? SPACE_MARK) !== SPACE_MARK) {
    throw new InvalidInputError(
      `${metaspace.source} writes a space as ${JSON.stringify(metaspace.get("replacement"))}`,
      {
        fix: "llama.cpp knows U+2581 alone."
      }
    );
  }
  // Files from before there were schemes have a flag.
  const byDefault = (metaspace.optionalBoolean("add_prefix_space") ?? true) ? "always" : "never";
  return metaspace.optionalString("prepend_scheme") ?? byDefault;
}

/** A split at plain spaces finds none once they are marks. */
function splitsAtPlainSpaces(step: JsonObject): boolean {
  return step.get("type") === "Split" && patternOf(step) === " " && step.optionalBoolean("invert") !== true;
}

function changesTextFirst(normalizer: JsonObject): InvalidInputError {
  const type = normalizer.string("type");
  return new InvalidInputError(
    `${normalizer.source} changes text before it is split (${type}), which llama.cpp does not for this tokenizer`,
    { fix: "Take the step out of tokenizer.json if the model does without it." }
  );
}
