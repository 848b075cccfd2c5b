import { InvalidInputError } from "../../common/errors.js";
import { assertUnquantized } from "../../common/gguf/assertUnquantized.js";
import type { ComputedTensor, TensorSpec } from "../architectures/Architecture.js";
import { ROPE_FREQUENCIES } from "../architectures/rope.js";
import { type DecoderConfig, decoderTensors } from "../architectures/decoder.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { QUANTIZATION_VERSION } from "../../common/gguf/encodeGgufHeader.js";
import { matchTensors } from "../model/matchTensors.js";
import type { ModelTensor, OpenModelOptions, SourceModel } from "../model/SourceModel.js";
import { checkTokens } from "./checkTokens.js";
import { GgufFiles } from "./GgufFiles.js";
import { Hyperparameters } from "./Hyperparameters.js";
import { readGgufDecoder } from "./readGgufDecoder.js";

/** Architectures whose decoder layers can be calibrated, and whether their rope is interleaved. */
const ARCHITECTURES: ReadonlyMap<string, { readonly interleavedRope: boolean }> = new Map([
  ["llama", { interleavedRope: true }],
  ["qwen2", { interleavedRope: false }],
  ["qwen3", { interleavedRope: false }]
]);

/** Keys about the file rather than the model: a written file has its own alignment, and is one file. */
const FILE_KEYS: ReadonlySet<string> = new Set(["general.alignment", "split.no", "split.count", "split.tensors.count"]);

/** Vocabularies and chat templates stay far below; the metadata of a file nobody vouches for is held in memory. */
const MAX_METADATA_BYTES = 512 * 1024 * 1024;

/** An F16, BF16 or F32 GGUF; what is written keeps its metadata, tokenizer included, as it is. */
export class GgufModel implements SourceModel {
  readonly architecture: string;
  readonly decoder: DecoderConfig;
  readonly isCalibratable = true;
  readonly interleavedRope: boolean;
  readonly weights: GgufFiles;
  readonly tensors: readonly ModelTensor[];
  readonly computedTensors: readonly ComputedTensor[] = [];
  readonly #preTokenizer: string | undefined;

  private constructor(
    files: GgufFiles,
    architecture: { readonly name: string; readonly interleavedRope: boolean },
    decoder: DecoderConfig,
    tensors: readonly ModelTensor[],
    preTokenizer: string | undefined
  ) {
    this.weights = files;
    this.architecture = architecture.name;
    this.interleavedRope = architecture.interleavedRope;
    this.decoder = decoder;
    this.tensors = tensors;
    this.#preTokenizer = preTokenizer;
  }

  /**
   * @param file the only file, or the first of a split model
   * @throws {InvalidInputError} it is no unquantized GGUF of a whole model of a supported architecture
   */
  static async open(file: string, { preTokenizer }: OpenModelOptions): Promise<GgufModel> {
    const files = await GgufFiles.open(file);
    try {
      const { metadata, places } = files.header;
      const name = metadata.get("general.architecture");
      const architecture = typeof name === "string" ? ARCHITECTURES.get(name) : undefined;
      if (typeof name !== "string" || architecture === undefined) {
        throw new InvalidInputError(
          typeof name === "string"
            ? `${file} has the architecture ${name}, which is not supported`
            : `${file} does not say which architecture the model has`,
          { fix: `Architectures that can be converted: ${[...ARCHITECTURES.keys()].join(", ")}.` }
        );
      }
      assertUnquantized(file, files.headers);
      const metadataBytes = [...places.values()].reduce((sum, { start, end }) => sum + end - start, 0);
      if (metadataBytes > MAX_METADATA_BYTES) {
        throw new InvalidInputError(`${file} has ${metadataBytes} bytes of metadata, far more than any model`);
      }
      const names = new Set(files.tensors.map((tensor) => tensor.name));
      const decoder = readGgufDecoder(new Hyperparameters(file, metadata, name), {
        vocabularySize: await checkTokens(files, file),
        tiedEmbeddings: !names.has("output.weight")
      });
      const tensors = matchTensors(expectedTensors(decoder, names), files.tensors, {
        place: file,
        shapesFrom: "its metadata",
        ifMissing: "The file is not whole: download or convert the model again.",
        ifUnexpected: "Models with further tensors cannot be converted."
      });
      return new GgufModel(files, { name, ...architecture }, decoder, tensors, preTokenizer);
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  async metadata(fileType: number): Promise<Metadata> {
    const metadata = new Metadata();
    for (const key of this.weights.header.metadata.keys()) {
      if (!FILE_KEYS.has(key)) metadata.encoded(key, await this.weights.metadataBytes(key));
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

/** What the file should hold, its own names taken; optional parts are those that the first layer has. */
function expectedTensors(decoder: DecoderConfig, names: ReadonlySet<string>): TensorSpec[] {
  const specs = decoderTensors(decoder, {
    queryKeyValueBias: names.has("blk.0.attn_q.bias"),
    attentionOutputBias: names.has("blk.0.attn_output.bias"),
    feedForwardBias: names.has("blk.0.ffn_down.bias"),
    queryKeyNorm: names.has("blk.0.attn_q_norm.weight")
  }).map((spec) => ({ ...spec, source: spec.target }));
  return [
    ...specs,
    {
      source: ROPE_FREQUENCIES,
      target: ROPE_FREQUENCIES,
      shape: [decoder.headLength / 2],
      role: "norm",
      isOptional: true
    }
  ];
}
