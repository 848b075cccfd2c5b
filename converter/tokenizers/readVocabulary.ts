import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import { checkAddedTokenFlags, collectAddedTokens } from "./addedTokens.js";
import { readBytePairModel } from "./readBytePairModel.js";
import { readByteLevelVocabulary } from "./readByteLevelVocabulary.js";
import { readSentencePieceModel, type SentencePieceModel } from "./readSentencePieceModel.js";
import {
  haveSameTokens,
  readConvertedSentencePieceVocabulary,
  readSentencePieceVocabulary
} from "./readSentencePieceVocabulary.js";
import { readTextSteps } from "./readTextSteps.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import { assertDistinctTokens, quoteToken, type Vocabulary } from "./Vocabulary.js";

/** A line of the text format Llama 3 keeps its ranks in, under the name SentencePiece models have. */
const TIKTOKEN_LINE = /^[A-Za-z0-9+/]+=* \d+\r?\n/;

/** Parts of a tokenizer.json that are read here or elsewhere, or (the two last) say how batches are laid out. */
const PARTS: ReadonlySet<string> = new Set([
  "version",
  "added_tokens",
  "normalizer",
  "pre_tokenizer",
  "post_processor",
  "decoder",
  "model",
  "truncation",
  "padding"
]);

export interface VocabularyOptions {
  /** Rows of the model's embedding. */
  readonly vocabularySize: number;
  /** llama.cpp's name of the pre-tokenizer, to use instead of recognising it. */
  readonly preTokenizer: string | undefined;
  /** Called with one sentence for each thing that could not be kept. */
  readonly warn: (message: string) => void;
}

/**
 * Reads the vocabulary from whichever tokenizer files the model has. tokenizer.json comes first, as it does for
 * transformers; a tokenizer.model that has the same tokens gives their scores.
 *
 * @throws {InvalidInputError} there is no tokenizer, it is malformed, or of a kind llama.cpp's decoders do not have
 */
export async function readVocabulary(files: TokenizerFiles, options: VocabularyOptions): Promise<Vocabulary> {
  const { tokenizer } = files;
  const pieces = await readPieces(files, options.warn);
  if (tokenizer === undefined && pieces === undefined) throw noTokenizer(files);
  const vocabulary =
    tokenizer === undefined
      ? readPiecesAlone(files, pieces as SentencePieceModel, options)
      : await readTokenizer(files, tokenizer, pieces, options);
  assertDistinctTokens(files.directory.path, vocabulary.tokens);
  return vocabulary;
}

/** tokenizer.model, unless it holds ranks in another format or, beside tokenizer.json, cannot be read. */
async function readPieces(
  { directory, tokenizer }: TokenizerFiles,
  warn: (message: string) => void
): Promise<SentencePieceModel | undefined> {
  if (!directory.has("tokenizer.model")) return undefined;
  try {
    const bytes = await directory.readBytes("tokenizer.model");
    const isRanks = TIKTOKEN_LINE.test(new TextDecoder("latin1").decode(bytes.subarray(0, 256)));
    if (tokenizer !== undefined && isRanks) return undefined;
    return readSentencePieceModel(bytes, directory.pathOf("tokenizer.model"));
  } catch (error) {
    if (tokenizer === undefined || !(error instanceof InvalidInputError)) throw error;
    warn(`${error.message}; tokenizer.json is taken alone`);
    return undefined;
  }
}

function readPiecesAlone(
  files: TokenizerFiles,
  model: SentencePieceModel,
  { vocabularySize, warn }: VocabularyOptions
): Vocabulary {
  const added = collectAddedTokens(files, { vocabularySize, modelIds: undefined, warn });
  checkAddedTokenFlags(files.directory.path, added.values(), false, warn);
  const prefixesSpace = files.config?.optionalBoolean("add_prefix_space") ?? model.normalization.prefixesSpace;
  return readSentencePieceVocabulary(withPrefix(model, prefixesSpace), {
    vocabularySize,
    added,
    specialTexts: files.allSpecialTexts,
    warn
  });
}

async function readTokenizer(
  files: TokenizerFiles,
  tokenizer: JsonObject,
  pieces: SentencePieceModel | undefined,
  { vocabularySize, preTokenizer, warn }: VocabularyOptions
): Promise<Vocabulary> {
  for (const key of tokenizer.keys().filter((name) => !PARTS.has(name) && tokenizer.has(name))) {
    warn(`${quoteToken(key)} in ${tokenizer.source} is not known here and was left aside`);
  }
  const model = await readBytePairModel(tokenizer, files.directory, warn);
  const added = collectAddedTokens(files, { vocabularySize, modelIds: model.ids, warn });
  const steps = readTextSteps(
    tokenizer,
    () => [...model.ids].some(([text, id]) => text.indexOf("\u2581", 1) !== -1 && !added.has(id)),
    warn
  );
  const normalizesInFront = steps.kind === "spaceMarks" && steps.normalizesInFront;
  checkAddedTokenFlags(tokenizer.source, added.values(), normalizesInFront, warn);

  const context = { vocabularySize, added, specialTexts: files.allSpecialTexts, warn };
  const isSame = pieces !== undefined && steps.kind === "spaceMarks" && haveSameTokens(pieces, model, added);
  if (pieces !== undefined && !isSame) {
    warn(`${pieces.file} holds other tokens than tokenizer.json and is left aside`);
  }
  const prefixesSpace = prefixesSpaceAfterAll(files, steps.kind === "spaceMarks" && steps.prefixesSpace, warn);
  if (steps.kind === "byteLevel") return readByteLevelVocabulary(model, steps.splits, preTokenizer, context);
  return isSame
    ? readSentencePieceVocabulary(withPrefix(pieces, prefixesSpace), context)
    : readConvertedSentencePieceVocabulary(model, prefixesSpace, context);
}

/**
 * Whether text gets a space in front: `add_prefix_space` of tokenizer_config.json counts for the classes that build
 * the tokenizer by it, not by tokenizer.json.
 */
function prefixesSpaceAfterAll(
  { config }: TokenizerFiles,
  prefixesSpace: boolean,
  warn: (message: string) => void
): boolean {
  const configured = config?.optionalBoolean("add_prefix_space") ?? prefixesSpace;
  if (configured === prefixesSpace) return prefixesSpace;
  const isBuiltByIt = /^(Code)?LlamaTokenizer(Fast)?$/.test(config?.optionalString("tokenizer_class") ?? "");
  warn(
    `"add_prefix_space" of tokenizer_config.json contradicts tokenizer.json; ` +
      `${isBuiltByIt ? "tokenizer_config.json" : "tokenizer.json"} is followed, as transformers does for this class`
  );
  return isBuiltByIt ? configured : prefixesSpace;
}

function withPrefix(model: SentencePieceModel, prefixesSpace: boolean): SentencePieceModel {
  return { ...model, normalization: { ...model.normalization, prefixesSpace } };
}

function noTokenizer({ directory }: TokenizerFiles): InvalidInputError {
  const found = ["tekken.json", "vocab.json"].find((name) => directory.has(name));
  const instead = found === undefined ? "" : `, only ${found}`;
  return new InvalidInputError(`${directory.path} has neither tokenizer.json nor tokenizer.model${instead}`, {
    fix:
      found === undefined
        ? "Download the tokenizer files of the model too."
        : "Save the tokenizer as tokenizer.json with transformers: AutoTokenizer.from_pretrained(dir).save_pretrained(dir)."
  });
}
