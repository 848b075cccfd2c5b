import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { anyObject, checkJson, text } from "../../common/json.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import type { StoredTensor, StoredWeights } from "../model/SourceModel.js";
import { SafetensorsFile } from "./SafetensorsFile.js";

const WHOLE_NAME = "model.safetensors";
const INDEX_NAME = "model.safetensors.index.json";

interface Located {
  readonly tensor: StoredTensor;
  readonly file: SafetensorsFile;
}

/** All weights of a model directory, in one safetensors file or sharded over several. */
export class SafetensorsModel implements StoredWeights {
  readonly #files: readonly SafetensorsFile[];
  readonly #tensors: ReadonlyMap<string, Located>;

  private constructor(files: readonly SafetensorsFile[]) {
    this.#files = files;
    const tensors = new Map<string, Located>();
    for (const file of files) {
      for (const tensor of file.tensors) {
        const other = tensors.get(tensor.name);
        if (other !== undefined) {
          throw new InvalidInputError(`tensor "${tensor.name}" is in both ${other.file.path} and ${file.path}`);
        }
        tensors.set(tensor.name, { tensor, file });
      }
    }
    this.#tensors = tensors;
  }

  /**
   * Opens every shard and checks it, headers only; no weight is read yet.
   *
   * @param warn is told of weight files that are not taken
   * @throws {InvalidInputError} there are no safetensors weights, a shard or tensor is missing, or a header lies
   */
  static async open(directory: ModelDirectory, warn: (message: string) => void): Promise<SafetensorsModel> {
    const { shards, tensorNames } = await findShards(directory, warn);
    const files: SafetensorsFile[] = [];
    try {
      for (const shard of shards) files.push(await SafetensorsFile.open(directory.pathOf(shard)));
      const model = new SafetensorsModel(files);
      if (tensorNames !== undefined) model.#matchIndex(directory, tensorNames);
      return model;
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
  }

  get paths(): readonly string[] {
    return this.#files.map((file) => file.path);
  }

  /** Shard by shard in order of file name, by tensor name within each: the order a stock conversion writes. */
  tensors(): StoredTensor[] {
    return [...this.#tensors.values()].map(({ tensor }) => tensor);
  }

  get(name: string): StoredTensor | undefined {
    return this.#tensors.get(name)?.tensor;
  }

  async read(tensor: StoredTensor, start: number, buffer: Uint8Array): Promise<void> {
    const located = this.#tensors.get(tensor.name);
    if (located === undefined) throw new Error(`tensor ${tensor.name} is not of this model`);
    await located.file.read(tensor, start, buffer);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }

  #matchIndex(directory: ModelDirectory, expected: readonly string[]): void {
    const missing = expected.filter((name) => !this.#tensors.has(name));
    if (missing.length === 0) return;
    throw new InvalidInputError(`${directory.pathOf(INDEX_NAME)} lists ${list(missing)}, which no shard holds`, {
      fix: "The shards do not belong to this index: download the model again."
    });
  }
}

interface Shards {
  readonly shards: readonly string[];
  /** What the index lists, where there is one. */
  readonly tensorNames?: readonly string[];
}

async function findShards(directory: ModelDirectory, warn: (message: string) => void): Promise<Shards> {
  const found = directory.fileNames().filter((name) => /^model.*\.safetensors$/.test(name));
  // As in transformers, the whole file goes before an index and its shards.
  if (found.includes(WHOLE_NAME)) {
    const others = found.filter((name) => name !== WHOLE_NAME);
    if (others.length > 0) warn(`the weights are taken from ${WHOLE_NAME}, and not from ${list(others)}`);
    return { shards: [WHOLE_NAME] };
  }
  if (directory.has(INDEX_NAME)) return readIndex(directory);
  if (found.length > 0) {
    checkShardCount(directory, found);
    return { shards: found };
  }
  throw noWeights(directory);
}

async function readIndex(directory: ModelDirectory): Promise<Shards> {
  const source = directory.pathOf(INDEX_NAME);
  const { weight_map: weightMap } = checkJson(
    source,
    await directory.readJsonValue(INDEX_NAME),
    z.object({ weight_map: anyObject }, { error: "a JSON object" })
  );
  const shards = new Set<string>();
  for (const [name, value] of Object.entries(weightMap)) {
    const shard = checkJson(`the place of "${name}" in ${source}`, value, text);
    // The index is as untrusted as the rest: it must not lead out of the directory.
    if (/[/\\]/.test(shard) || shard === "..") {
      throw new InvalidInputError(`${source} points to "${shard}", outside the model directory`);
    }
    shards.add(shard);
  }
  const missing = [...shards].filter((shard) => !directory.has(shard)).sort();
  if (missing.length > 0) {
    throw new InvalidInputError(
      `${directory.path} lacks ${missing.length} of ${shards.size} weight files: ${list(missing)}`,
      { fix: "Finish the download, then run the same command again." }
    );
  }
  return { shards: [...shards].sort(), tensorNames: Object.keys(weightMap) };
}

/** Without an index only the names, such as `model-00002-of-00004.safetensors`, tell that a shard is missing. */
function checkShardCount(directory: ModelDirectory, shards: readonly string[]): void {
  const total = Number(/-of-(\d+)\.safetensors$/.exec(shards[0] ?? "")?.[1] ?? shards.length);
  if (total === shards.length) return;
  throw new InvalidInputError(
    `${directory.path} holds ${shards.length} of ${total} weight files and no ${INDEX_NAME}`,
    {
      fix: "Finish the download, then run the same command again."
    }
  );
}

function noWeights(directory: ModelDirectory): InvalidInputError {
  const names = directory.fileNames();
  const fixes: [RegExp, string][] = [
    [
      /^consolidated.*\.safetensors$/,
      "These are Mistral's own files. Download the repository's Hugging Face files (model*.safetensors, config.json) instead."
    ],
    [
      /\.(bin|pth|pt)$/,
      "Only safetensors weights are read: save the model with save_pretrained(safe_serialization=True)."
    ],
    [/\.gguf$/, "Give that file itself if it is F16, BF16 or F32, or the original Hugging Face directory."]
  ];
  for (const [pattern, fix] of fixes) {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined) {
      return new InvalidInputError(`${directory.path} has no model*.safetensors weights, only ${found}`, { fix });
    }
  }
  return new InvalidInputError(`${directory.path} has no model*.safetensors weights`, {
    fix: "Download the whole repository, not only its configuration."
  });
}

/** Up to three names, then a count. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
