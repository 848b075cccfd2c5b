import type { Metadata } from "../../common/gguf/Metadata.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { readChatTemplates } from "./readChatTemplates.js";
import { readSpecialTokens, type SpecialTokenRole } from "./readSpecialTokens.js";
import { quoteToken } from "./Vocabulary.js";
import { readTokenizerFiles } from "./TokenizerFiles.js";
import { readVocabulary, type VocabularyOptions } from "./readVocabulary.js";

/** GGUF's names of the roles it has keys for. */
const ID_KEYS: Partial<Record<SpecialTokenRole, string>> = {
  bos: "bos_token_id",
  eos: "eos_token_id",
  unk: "unknown_token_id",
  sep: "seperator_token_id", // so spelt in GGUF
  pad: "padding_token_id",
  mask: "mask_token_id",
  eot: "eot_token_id",
  eom: "eom_token_id"
};

const ADDED_KEYS: Partial<Record<SpecialTokenRole, string>> = {
  bos: "add_bos_token",
  eos: "add_eos_token",
  sep: "add_sep_token"
};

export interface TokenizerMetadataOptions extends VocabularyOptions {
  /** Whether this family's conversion writes `add_space_prefix` and knows the two vocabularies below. */
  readonly isLlamaFamily: boolean;
}

/** Code Llama and SmolLM are recognised by these vocabulary sizes, as in a stock conversion. */
const CODE_LLAMA_VOCABULARY = 32_016;
const CODE_LLAMA_END_OF_TURN = { id: 32_010, text: "\u2581<EOT>" };
const SMOL_LM_VOCABULARY = 49_152;

/** What may put the texts of tokens together again; none of it changes which tokens a text has. */
const DECODERS: ReadonlySet<string> = new Set(["ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"]);

/**
 * Writes everything llama.cpp needs to tokenize, in the order a stock conversion does: vocabulary, special tokens, chat
 * templates, normalizer.
 *
 * @throws {InvalidInputError} the tokenizer is missing, malformed or of an unknown kind
 */
export async function writeTokenizerMetadata(
  metadata: Metadata,
  directory: ModelDirectory,
  config: JsonObject,
  options: TokenizerMetadataOptions
): Promise<void> {
  const files = await readTokenizerFiles(directory);
  const { vocabularySize, isLlamaFamily } = options;

  const vocabulary = await readVocabulary(files, options);
  const { prefixesSpace } = vocabulary;
  const isConfigured = isLlamaFamily && files.config?.optionalBoolean("add_prefix_space") !== undefined;
  // What llama.cpp does by itself is not said, as in a stock conversion.
  if (isConfigured || prefixesSpace !== (vocabulary.model === "llama")) {
    metadata.bool("tokenizer.ggml.add_space_prefix", prefixesSpace);
  }
  metadata.string("tokenizer.ggml.model", vocabulary.model);
  metadata.string("tokenizer.ggml.pre", vocabulary.preTokenizer);
  metadata.strings("tokenizer.ggml.tokens", vocabulary.tokens);
  if (vocabulary.scores !== undefined) metadata.float32s("tokenizer.ggml.scores", vocabulary.scores);
  metadata.int32s("tokenizer.ggml.token_type", vocabulary.types);
  if (vocabulary.merges !== undefined) metadata.strings("tokenizer.ggml.merges", vocabulary.merges);

  const special = readSpecialTokens(files, config, vocabulary);
  for (const [role, id] of special.ids) {
    const key = ID_KEYS[role];
    if (key !== undefined) metadata.uint32(`tokenizer.ggml.${key}`, id);
  }
  for (const [role, added] of special.added) {
    const key = ADDED_KEYS[role];
    if (key !== undefined) metadata.bool(`tokenizer.ggml.${key}`, added);
  }

  const templates = await readChatTemplates(files);
  for (const [name, template] of templates.named) metadata.string(`tokenizer.chat_template.${name}`, template);
  metadata.strings("tokenizer.chat_templates", [...templates.named.keys()]);
  if (templates.default !== undefined) metadata.string("tokenizer.chat_template", templates.default);

  warnOfDecoder(files.tokenizer, options.warn);

  if (isLlamaFamily && vocabularySize === CODE_LLAMA_VOCABULARY) {
    const { id, text } = CODE_LLAMA_END_OF_TURN;
    if (vocabulary.tokens[id] === text || vocabulary.tokens[id] === text.replace("\u2581", " ")) {
      metadata.uint32("tokenizer.ggml.eot_token_id", id);
    }
  }
  if (isLlamaFamily && vocabularySize === SMOL_LM_VOCABULARY && special.added.get("bos") !== true) {
    metadata.bool("tokenizer.ggml.add_bos_token", false);
  }
}

/** llama.cpp puts text together by rules of its own. */
function warnOfDecoder(tokenizer: JsonObject | undefined, warn: (message: string) => void): void {
  const decoder = tokenizer?.optionalObject("decoder");
  const steps = decoder?.optionalArray("decoders") ?? (decoder === undefined ? [] : [{ type: decoder.get("type") }]);
  for (const step of steps) {
    const type = new JsonObject("a decoder", step).get("type");
    if (typeof type === "string" && !DECODERS.has(type)) {
      warn(
        `the tokenizer puts text together in a way that is not known here (${quoteToken(type)}); llama.cpp does by its own rules`
      );
    }
  }
}
