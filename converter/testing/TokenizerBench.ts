import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { packageRoot } from "../../common/package.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { writeTokenizerMetadata } from "../tokenizers/writeTokenizerMetadata.js";

/**
 * Texts that tests tokenize. Ids beside them are those of the Python package tokenizers 0.23.2:
 * `Tokenizer.from_file("tokenizer.json").encode(text, add_special_tokens=False).ids`
 */
export const TEXTS: readonly string[] = ["Hello world", "def f(x):\n    return x + 1", "naïve 日本 😀", " two  spaces"];

export type Json = Record<string, unknown>;
/** Contents of files by name; undefined for one to leave out. */
export type Files = Record<string, Json | Uint8Array | undefined>;

export const readJson = (file: string): Json => JSON.parse(readFileSync(path.join(packageRoot, file), "utf8")) as Json;

export const SENTENCE_PIECES = path.join(packageRoot, "testing/forms/tokenizers/llama.model");

/** Two levels of an object, changed. */
export function changed(object: Json, key: string, change: Json): Json {
  return { ...object, [key]: { ...(object[key] as Json), ...change } };
}

/** An entry of `added_tokens`. */
export const addedToken = (id: number, content: string, flags: Json = {}): Json => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ...flags
});

/** A form's tokenizer, its files and rows of its embedding. */
interface FormTokenizer {
  readonly name: string;
  readonly file: string;
  readonly vocabularySize: number;
}

const FORMS: Readonly<Record<string, FormTokenizer>> = {
  "llama2-spm": { name: "tokenizer.model", file: "testing/forms/tokenizers/llama.model", vocabularySize: 1500 },
  "mistral-spm": { name: "tokenizer.model", file: "testing/forms/tokenizers/llama.model", vocabularySize: 1500 },
  "llama3-rope-untied": { name: "tokenizer.json", file: "models/demo/tokenizer.json", vocabularySize: 2048 },
  "qwen2-tied": { name: "tokenizer.json", file: "testing/forms/tokenizers/qwen.json", vocabularySize: 4096 }
};

/** Converts the tokenizers of forms, changed, and runs them by llama.cpp. */
export class TokenizerBench {
  readonly #folder: string;

  /** @param folder scratch space of its own */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A form's tokenizer with files in place of its own. */
  async convert(
    form: string,
    files: Files,
    vocabularySize = FORMS[form]?.vocabularySize ?? NaN
  ): Promise<{ metadata: Metadata; warnings: string[] }> {
    const { name, file } = FORMS[form] as FormTokenizer;
    const sources = {
      "config.json": `testing/forms/${form}/config.json`,
      "tokenizer_config.json": `testing/forms/${form}/tokenizer_config.json`,
      [name]: file
    };
    const own = Object.entries(sources).map(([target, source]): [string, Uint8Array] => [
      target,
      readFileSync(path.join(packageRoot, source))
    ]);
    const folder = path.join(this.#folder, form);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [target, content] of Object.entries({ ...Object.fromEntries(own), ...files })) {
      if (content === undefined) continue;
      writeFileSync(path.join(folder, target), content instanceof Uint8Array ? content : JSON.stringify(content));
    }
    const directory = await ModelDirectory.open(folder);
    const metadata = new Metadata();
    metadata.string("general.architecture", "llama");
    const warnings: string[] = [];
    await writeTokenizerMetadata(metadata, directory, await directory.readJson("config.json"), {
      vocabularySize,
      preTokenizer: undefined,
      warn: (message) => warnings.push(message),
      isLlamaFamily: true
    });
    return { metadata, warnings };
  }

  /** Ids that llama.cpp has for texts, without those that are added to every text. */
  async tokenize(metadata: Metadata, texts: readonly string[] = TEXTS): Promise<number[][]> {
    const addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
    const file = path.join(this.#folder, "vocabulary.gguf");
    writeFileSync(file, encodeGgufHeader(metadata.entries(), []).header);
    const ids: number[][] = [];
    for (const text of texts) ids.push([...(await addon.tokenize(file, text, Number.MAX_SAFE_INTEGER).result).tokens]);
    return ids;
  }
}

export function valueOf(metadata: Metadata, key: string): unknown {
  return metadata.entries().find((entry) => entry.key === `tokenizer.ggml.${key}`)?.value;
}
