import { createHash } from "node:crypto";
import { freemem } from "node:os";
import { formatBytes } from "../../common/cli/format.js";
import { finishJob, type NativeJob } from "../../common/nativeJob.js";
import { ROPE_FREQUENCIES } from "../architectures/rope.js";
import { WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { SourceRows } from "../ConverterAddon.js";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { CalibrationBatches, LayerCall, LayerShape, MethodAddon } from "../MethodAddon.js";
import { assertFinite, sourceRows } from "../model/WeightReader.js";
import type { ModelTensor } from "../model/SourceModel.js";
import { calibrationTokens, readCalibrationText, type CalibrationOptions } from "./calibrationSamples.js";
import { layerShape } from "./layerShape.js";
import { planBatches } from "./planBatches.js";

/**
 * Is told of a pass of all samples before it begins; throws to cancel.
 *
 * @param layer the decoder layer
 * @param detail as in "the forward pass of layer 3"
 */
export type BeforePass = (layer: number, detail: string) => void;

/**
 * What search and quantization share: the checked model, the calibration tokens, and the steps already done.
 *
 * Steps leave files in the work directory. Each is asked for by what it gives and does what it needs first, so that it
 * makes no difference which files an interrupted run has left.
 */
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
   * @param command the options that determine the output, as they would be typed
   * @param sampling is told how far taking the samples is; checking the weights goes by the context
   * @throws {InvalidInputError} a weight holds NaN or infinity, the calibration text cannot be used, or the work
   *   directory holds work of another conversion
   */
  static async open(
    context: ConversionContext,
    options: CalibrationOptions,
    command: string,
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
    context.progress(undefined, "checking finished steps");
    const work = await WorkDirectory.open(
      options.workDirectory,
      { source, metadata: hashOf(context.metadata), calibration: description, options: command },
      context
    );
    try {
      const tokens = await calibrationTokens({ ...context, progress: sampling }, work, text?.text, samples, length);
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

  /** Name of the work file with a layer's input in the float model; that after the last layer is the model's output. */
  static input(layer: number): string {
    return `input.${layer}.f32`;
  }

  /** The path of a layer's input in the float model, computed unless it is there. */
  async input(layer: number, before: BeforePass): Promise<string> {
    const { addon } = this.#context;
    const name = CalibrationSession.input(layer);
    if (!this.work.has(name)) {
      const file = this.work.start(name);
      if (layer === 0) {
        const detail = "embedding the calibration samples";
        before(0, detail);
        const embedding = await this.#read(this.#tensor("token_embd.weight"));
        await this.work.step(detail, () => addon.embedTokens(this.#batches, embedding, file.temporary));
      } else {
        const previous = await this.input(layer - 1, before);
        const detail = `the forward pass of layer ${layer - 1}`;
        before(layer - 1, detail);
        const call = await this.layer(layer - 1);
        await this.work.step(detail, () => addon.forwardLayer(call, previous, file.temporary));
      }
      await this.work.finish(file);
    }
    return this.work.file(name);
  }

  /**
   * Starts to compute the loss at the output head.
   *
   * @param output the last layer's output
   * @param gradient file to write: the loss gradient at that
   */
  async loss(output: string, gradient: string): Promise<NativeJob<Float64Array>> {
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
      output,
      gradient
    );
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
async function checkWeights({ model, reader, addon, threads, signal, progress }: ConversionContext): Promise<string> {
  const total = model.tensors.reduce((sum, { stored }) => sum + stored.byteLength, 0);
  let done = 0;
  for (const tensor of model.tensors) {
    progress(done / total, tensor.spec.target);
    for await (const { data, start, rows } of reader.chunks(tensor)) {
      const position = await finishJob(addon.findNonFinite(sourceRows(tensor, data, rows), threads), signal);
      assertFinite(tensor, position < 0 ? position : start * tensor.columns + position);
    }
    done += tensor.stored.byteLength;
  }
  return reader.fingerprint(model.tensors);
}
