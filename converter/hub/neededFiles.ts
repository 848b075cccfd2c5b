import type { ListFileEntry } from "@huggingface/hub";

/** What the converter reads of a model besides its weights, as does llama.cpp's own converter. */
const TEXT_FILE = new RegExp(
  "^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|" +
    "preprocessor_config|processor_config|params|tekken|modules|\\d+_Pooling/config)\\.json$|" +
    "^(?:chat_template\\.jinja|merges\\.txt|vocab\\.txt|tokenizer\\.model|spiece\\.model|README\\.md)$"
);

/** Weights as transformers names them; `consolidated.safetensors` and other forms of the same weights are not needed. */
const WEIGHTS = /^model(?:-\d{5}-of-\d{5})?\.safetensors$/;
const INDEX = "model.safetensors.index.json";

/** The files of a repository that converting it takes. Their paths are plain names below its root. */
export function neededFiles(files: readonly ListFileEntry[]): ListFileEntry[] {
  return files.filter(
    ({ path, type }) => type === "file" && (TEXT_FILE.test(path) || WEIGHTS.test(path) || path === INDEX)
  );
}

/** Whether there are weights among some files. */
export function hasWeights(files: readonly ListFileEntry[]): boolean {
  return files.some(({ path }) => WEIGHTS.test(path));
}
