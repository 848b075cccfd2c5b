import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { freemem } from "node:os";
import { formatBytes } from "../../common/cli/format.js";
import { MixLlmError } from "../../common/errors.js";
import { freeDiskBytes } from "../../common/files/destination.js";
import { CALIBRATION_TOKENS, WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { SourceRows } from "../ConverterAddon.js";
import type { CalibrationBatches, LayerCall, LayerShape, MethodAddon } from "../MethodAddon.js";
import { ROPE_FREQUENCIES } from "../architectures/ComputedTensor.js";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { assertFinite } from "../model/assertFinite.js";
import type { ModelTensor } from "../model/ModelTensor.js";
import { sourceRows } from "../model/sourceRows.js";
import type { CalibrationOptions } from "./CalibrationOptions.js";
import { readCalibrationText } from "./readCalibrationText.js";
import { layerShape } from "./layerShape.js";
import { planBatches } from "./planBatches.js";
import { selfSamples } from "./selfSamples.js";
import { textSamples } from "./textSamples.js";

export interface SessionOptions extends CalibrationOptions {
  /** Where finished steps are kept until the conversion is done. */
  readonly workDirectory: string;
  /** Bytes that a layer and its activations may take; half of what is free unless given. */
  readonly memory?: number | undefined;
  /** The options that determine the output, as they would be typed. */
  readonly command: string;
}

/** What search and quantization share: the checked model, the calibration tokens, and the steps already done. */
export class CalibrationSession {
  /** What the model was calibrated on, for the file's metadata. */
  readonly description: string;
  /** SHA-256 of the source weights. */
  readonly source: string;
  readonly work: WorkDirectory;
  readonly layers: number;
  /** Name of what matrix products are computed on. */
  readonly device: string;
  readonly #context: ConversionContext;
  readonly #shape: LayerShape;
  readonly #batches: CalibrationBatches;

  private constructor(
    context: ConversionContext,
    identity: { description: string; source: string },
    work: WorkDirectory,
    shape: LayerShape,
    batches: CalibrationBatches
  ) {
    this.#context = context;
    this.description = identity.description;
    this.source = identity.source;
    this.work = work;
    this.layers = context.model.decoder.blockCount;
    this.device = context.addon.device().name;
    this.#shape = shape;
    this.#batches = batches;
  }

  /**
   * Reads and checks all weights, prepares the calibration tokens and opens the work directory.
   *
   * @param sampling is told how far taking the samples is; checking the weights goes by the context
   * @throws {InvalidInputError} a weight holds NaN or infinity, the calibration text cannot be used, or the work
   *   directory holds work of another conversion
   * @throws {MixLlmError} the disk has too little room for the activations
   */
  static async open(
    context: ConversionContext,
    options: SessionOptions,
    sampling: ConversionContext["progress"]
  ): Promise<CalibrationSession> {
    const { model, addon } = context;
    const { samples, sequenceLength: length, memory = usableMemory(addon) } = options;
    const text = options.files.length === 0 ? undefined : await readCalibrationText(options.files);
    const description = `${text?.description ?? "self"}, ${samples} x ${length}`;
    const source = await checkWeights(context);

    const shape = layerShape(model.decoder, model.interleavedRope);
    const { batchSamples, bytes } = planBatches(shape, length, memory);
    if (bytes > memory) {
      context.warn(
        `a layer of this model with its activations takes about ${formatBytes(bytes)}, more than the ` +
          `${formatBytes(memory)} of --memory; shorter samples take less`
      );
    }
    await assertDiskSpace(options, shape, model.decoder.blockCount);
    const work = await WorkDirectory.open(options.workDirectory, {
      source,
      metadata: hashOf(context.metadata),
      calibration: description,
      options: options.command
    });
    try {
      const tokens = await prepareTokens({ ...context, progress: sampling }, work, text?.text, options);
      const batches = { samples, length, tokens, batchSamples };
      return new CalibrationSession(context, { description, source }, work, shape, batches);
    } catch (error) {
      await work.leave(error);
      throw error;
    }
  }

  /** Reads one decoder layer for a native call. */
  async layer(index: number): Promise<LayerCall> {
    const { model, threads } = this.#context;
    const prefix = `blk.${index}.`;
    const weights: Record<string, SourceRows> = {};
    for (const tensor of model.tensors) {
      const { target } = tensor.spec;
      if (target.startsWith(prefix)) weights[target.slice(prefix.length)] = await this.#read(tensor);
      else if (target === ROPE_FREQUENCIES) weights[target] = await this.#read(tensor);
    }
    for (const { target, values } of model.computedTensors) {
      const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      weights[target] = { data, type: "f32", rows: 1, columns: values.length };
    }
    return { shape: this.#shape, weights, calibration: this.#batches, threads };
  }

  /** Writes the first layer's input unless it is there. */
  async embed(): Promise<void> {
    if (await this.work.has(CalibrationSession.input(0))) return;
    const embedding = await this.#read(this.#tensor("token_embd.weight"));
    await this.#context.addon.embedTokens(this.#batches, embedding, this.work.file(CalibrationSession.input(0)));
  }

  /** Computes the loss gradient at the last layer's output. */
  async loss(input: string, gradient: string): Promise<Float64Array> {
    const { model, addon, threads } = this.#context;
    const hasHead = model.tensors.some(({ spec }) => spec.target === "output.weight");
    return addon.headLoss(
      {
        norm: await this.#read(this.#tensor("output_norm.weight")),
        head: await this.#read(this.#tensor(hasHead ? "output.weight" : "token_embd.weight")),
        normEpsilon: this.#shape.normEpsilon,
        calibration: this.#batches,
        threads
      },
      this.work.file(input),
      this.work.file(gradient)
    );
  }

  /** Name of the work file with a layer's input in the float model; that after the last layer is the model's output. */
  static input(layer: number): string {
    return `input.${layer}.f32`;
  }

  async #read(tensor: ModelTensor): Promise<SourceRows> {
    return sourceRows(tensor, await this.#context.reader.read(tensor));
  }

  #tensor(target: string): ModelTensor {
    const tensor = this.#context.model.tensors.find(({ spec }) => spec.target === target);
    if (tensor === undefined) throw new Error(`the model has no ${target}`);
    return tensor;
  }
}

/** SHA-256 of what the file says about the model, hyperparameters and tokenizer included. */
function hashOf(metadata: Metadata): string {
  return createHash("sha256").update(encodeGgufHeader(metadata.entries(), []).header).digest("hex");
}

/** Half of the memory that is free, and on a GPU no more than most of what it has. */
function usableMemory(addon: MethodAddon): number {
  const { isGpu, freeBytes } = addon.device();
  return isGpu ? Math.min(freemem() / 2, 0.9 * freeBytes) : freemem() / 2;
}

/**
 * Reads every weight once.
 *
 * @returns the fingerprint of them all
 */
async function checkWeights({ model, reader, addon, threads, progress }: ConversionContext): Promise<string> {
  const total = model.tensors.reduce((sum, { stored }) => sum + stored.byteLength, 0);
  let done = 0;
  for (const tensor of model.tensors) {
    progress(done / total, tensor.spec.target);
    for await (const { data, start, rows } of reader.chunks(tensor)) {
      const position = await addon.findNonFinite(sourceRows(tensor, data, rows), threads);
      assertFinite(tensor, position < 0 ? position : start * tensor.columns + position);
    }
    done += tensor.stored.byteLength;
  }
  return reader.fingerprint(model.tensors);
}

/** The calibration tokens: from an earlier run, of a text by llama.cpp's own tokenizer, or of the model itself. */
async function prepareTokens(
  context: ConversionContext,
  work: WorkDirectory,
  text: string | undefined,
  { samples, sequenceLength }: SessionOptions
): Promise<Int32Array> {
  if (await work.has(CALIBRATION_TOKENS)) {
    const data = await readFile(work.file(CALIBRATION_TOKENS));
    return new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  }
  const tokens =
    text === undefined
      ? await selfSamples(context, work, samples, sequenceLength)
      : await textSamples(context, work, text, samples, sequenceLength);
  await work.write(CALIBRATION_TOKENS, new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
  return tokens;
}

async function assertDiskSpace(options: SessionOptions, shape: LayerShape, layers: number): Promise<void> {
  const tokens = options.samples * options.sequenceLength;
  // Every layer's input, two gradients, two quantized streams, and what passes between a layer's linears.
  const needed =
    4 * tokens * ((layers + 6) * shape.hidden + Math.max(shape.feedForward, shape.heads * shape.headLength));
  const free = await freeDiskBytes(options.workDirectory);
  if (free >= needed) return;
  throw new MixLlmError(
    `the disk of ${options.workDirectory} has ${formatBytes(free)} free, but calibration needs ${formatBytes(needed)} for activations`,
    { fix: "Free some space, give another --work-directory, or use fewer --samples." }
  );
}
