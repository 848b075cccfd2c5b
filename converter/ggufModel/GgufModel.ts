import { InvalidInputError } from "../../common/errors.js";
import { assertUnquantized } from "../../common/gguf/assertUnquantized.js";
import type { ComputedTensor } from "../architectures/Architecture.js";
import { isUnset } from "../../common/gguf/checkModel.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { QUANTIZATION_VERSION } from "../../common/gguf/encodeGgufHeader.js";
import { SOURCE_TYPES } from "../model/matchTensors.js";
import type { ModelTensor, OpenModelOptions, SourceModel, StoredTensor } from "../model/SourceModel.js";
import { checkTokens } from "./checkTokens.js";
import { GgufFiles } from "./GgufFiles.js";

/** Keys about the file rather than the model: a written file has its own alignment, and is one file. */
const FILE_KEYS: ReadonlySet<string> = new Set(["general.alignment", "split.no", "split.count", "split.tensors.count"]);

/** Vocabularies and chat templates stay far below; the metadata of a file nobody vouches for is held in memory. */
const MAX_METADATA_BYTES = 512 * 1024 * 1024;

/** An F16, BF16 or F32 GGUF; what is written keeps its metadata, tokenizer included, but for what stands for nothing. */
export class GgufModel implements SourceModel {
  readonly architecture: string;
  readonly weights: GgufFiles;
  readonly tensors: readonly ModelTensor[];
  readonly computedTensors: readonly ComputedTensor[] = [];
  readonly #preTokenizer: string | undefined;

  private constructor(
    files: GgufFiles,
    architecture: string,
    tensors: readonly ModelTensor[],
    preTokenizer: string | undefined
  ) {
    this.weights = files;
    this.architecture = architecture;
    this.tensors = tensors;
    this.#preTokenizer = preTokenizer;
  }

  /**
   * @param file the only file, or the first of a split model
   * @throws {InvalidInputError} it is no unquantized GGUF of a model with a vocabulary
   */
  static async open(file: string, { preTokenizer }: OpenModelOptions): Promise<GgufModel> {
    const files = await GgufFiles.open(file);
    try {
      const { metadata, places } = files.header;
      const architecture = metadata.get("general.architecture");
      if (typeof architecture !== "string") {
        throw new InvalidInputError(`${file} does not say which architecture the model has`, {
          fix: "Give the GGUF of a whole language model."
        });
      }
      assertUnquantized(file, files.headers);
      const metadataBytes = [...places.values()].reduce((sum, { start, end }) => sum + end - start, 0);
      if (metadataBytes > MAX_METADATA_BYTES) {
        throw new InvalidInputError(`${file} has ${metadataBytes} bytes of metadata, far more than any model`);
      }
      await checkTokens(files, file);
      return new GgufModel(files, architecture, files.tensors.map(ownTensor), preTokenizer);
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  get place(): string {
    return this.weights.paths[0] ?? "";
  }

  get contextLength(): number | undefined {
    const length = this.weights.header.metadata.get(`${this.architecture}.context_length`);
    return typeof length === "number" ? length : undefined;
  }

  async metadata(fileType: number): Promise<Metadata> {
    const metadata = new Metadata();
    const prefix = `${this.architecture}.`;
    for (const [key, value] of this.weights.header.metadata) {
      if (FILE_KEYS.has(key)) continue;
      // Left out it means the same, but to the loader, which refuses a zero that the model might divide by.
      const isIdle = key.startsWith(prefix) && isUnset(key.slice(prefix.length), value);
      if (!isIdle) metadata.encoded(key, await this.weights.metadataBytes(key));
    }
    metadata.uint32("general.file_type", fileType);
    metadata.uint32("general.quantization_version", QUANTIZATION_VERSION);
    if (this.#preTokenizer !== undefined) metadata.string("tokenizer.ggml.pre", this.#preTokenizer);
    return metadata;
  }

  async close(): Promise<void> {
    await this.weights.close();
  }
}

/** A tensor under the name it has; whether the model is whole and its shapes fit, llama.cpp says. */
function ownTensor(stored: StoredTensor): ModelTensor {
  const type = [...SOURCE_TYPES, "MXFP4" as const].find((known) => known === stored.dtype);
  if (type === undefined) {
    throw new InvalidInputError(`tensor "${stored.name}" has format ${stored.dtype}`, {
      fix: `Formats that can be converted: ${SOURCE_TYPES.join(", ")}.`
    });
  }
  const { name, shape } = stored;
  const columns = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return { spec: { source: name, target: name, shape, role: "unknown" }, stored, type, rows, columns };
}
