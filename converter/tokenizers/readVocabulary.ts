import { InvalidInputError } from "../../common/errors.js";
import { readBytePairVocabulary } from "./readBytePairVocabulary.js";
import { readConvertedSentencePieceVocabulary } from "./readConvertedSentencePieceVocabulary.js";
import { readSentencePieceVocabulary } from "./readSentencePieceVocabulary.js";
import type { TokenizerFiles } from "./TokenizerFiles.js";
import type { Vocabulary } from "./Vocabulary.js";

/** A line of the text format Llama 3 keeps its ranks in, under the name SentencePiece models have. */
const TIKTOKEN_LINE = /^[A-Za-z0-9+/]+=* \d+\r?\n/;

export interface VocabularyOptions {
  /** Rows of the model's embedding. */
  readonly vocabularySize: number;
  /** llama.cpp's name of the pre-tokenizer, to use instead of recognising it. */
  readonly preTokenizer: string | undefined;
  /** Called with one sentence for each thing that could not be kept. */
  readonly warn: (message: string) => void;
}

/**
 * Reads the vocabulary from whichever tokenizer file the model has: SentencePiece's tokenizer.model first, as a stock
 * conversion does, else tokenizer.json.
 *
 * @throws {InvalidInputError} there is no tokenizer, it is malformed, or of a kind llama.cpp's decoders do not have
 */
export async function readVocabulary(files: TokenizerFiles, options: VocabularyOptions): Promise<Vocabulary> {
  const { directory, tokenizer } = files;
  const { vocabularySize, preTokenizer, warn } = options;
  if (directory.has("tokenizer.model") && !(await isTiktoken(files))) {
    return readSentencePieceVocabulary(files, vocabularySize, warn);
  }
  if (tokenizer === undefined) throw noTokenizer(files);

  const model = tokenizer.object("model");
  const type = model.optionalString("type") ?? "BPE";
  if (type !== "BPE") {
    throw new InvalidInputError(`${tokenizer.source} holds a ${type} tokenizer`, {
      fix: "Tokenizers that can be converted: BPE (tokenizer.json) and SentencePiece (tokenizer.model)."
    });
  }
  return model.optionalBoolean("byte_fallback") === true
    ? readConvertedSentencePieceVocabulary(files, tokenizer, vocabularySize)
    : readBytePairVocabulary(files, tokenizer, vocabularySize, preTokenizer);
}

async function isTiktoken({ directory, tokenizer }: TokenizerFiles): Promise<boolean> {
  if (tokenizer === undefined) return false;
  const start = (await directory.readBytes("tokenizer.model")).subarray(0, 256);
  return TIKTOKEN_LINE.test(new TextDecoder("latin1").decode(start));
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
