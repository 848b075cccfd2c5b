import { createHash } from "node:crypto";
import { freemem } from "node:os";
import { formatBytes } from "../../common/cli/format.js";
import { finishJob, type NativeJob } from "../../common/nativeJob.js";
import { WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type {
  CalibrationBatches,
  MethodAddon,
  ModelGraph,
  SectionCall,
  SourceRows,
  ValuePaths
} from "../MethodAddon.js";
import { assertFinite } from "../model/WeightReader.js";
import type { ModelTensor } from "../model/SourceModel.js";
import { calibrationTokens, readCalibrationText, type CalibrationOptions } from "./calibrationSamples.js";
import { fewerSamples, planBatches } from "./planBatches.js";

/**
 * Is told of a pass of all samples before it begins; throws to cancel.
 *
 * @param section number of the section of the model's graph
 * @param detail as in "the forward pass of layer 3"
 */
export type BeforePass = (section: number, detail: string) => void;

/** Which samples a step takes: all, or as many as equalizing and moments of gradients need (`fewerSamples`). */
export type SampleShare = "all" | "few";

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
  readonly graph: ModelGraph;
  /** Name of what matrix products are computed on. */
  readonly device: string;
  readonly #context: ConversionContext;
  readonly #batches: Readonly<Record<SampleShare, CalibrationBatches>>;

  private constructor(
    context: ConversionContext,
    identity: { description: string; source: string },
    work: WorkDirectory,
    graph: ModelGraph,
    batches: CalibrationBatches
  ) {
    this.#context = context;
    this.description = identity.description;
    this.source = identity.source;
    this.work = work;
    this.graph = graph;
    this.device = context.addon.device().name;
    this.#batches = { all: batches, few: fewerSamples(batches) };
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
    const { model, addon, graph } = context;
    const { samples, sequenceLength: length, memory = usableMemory(addon) } = options;
    const text = options.files.length === 0 ? undefined : await readCalibrationText(options.files);
    const description = `${text?.description ?? "self"}, ${samples} x ${length}`;
    const source = await checkWeights(context);

    const { batchSamples, bytes } = planBatches(graph, model.tensors, { samples, length });
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
      return new CalibrationSession(context, { description, source }, work, graph, batches);
    } catch (error) {
      await work.leave(error);
      throw error;
    }
  }

  /** Reads one section's weights for a native call. */
  async section(section: number, share: SampleShare = "all"): Promise<SectionCall> {
    const { model, threads } = this.#context;
    const weights: Record<string, SourceRows> = {};
    for (const name of this.graph.sections[section]?.weights ?? []) {
      const computed = model.computedTensors.find(({ target }) => target === name);
      weights[name] =
        computed === undefined
          ? await this.#context.reader.read(this.#tensor(name))
          : { data: bytesOf(computed.values), type: "f32", rows: 1, columns: computed.values.length };
    }
    return { decoder: this.graph.handle, section, weights, calibration: this.#batches[share], threads };
  }

  /** Number of the section that comes after the last block. */
  get last(): number {
    return this.graph.sections.length - 1;
  }

  /** Sections that read a value, in ascending order. */
  readers(value: number): number[] {
    return this.graph.sections.flatMap(({ inputs }, section) => (inputs.includes(value) ? [section] : []));
  }

  /** Name of the work file with a value of the float model. */
  static input(value: number, share: SampleShare = "all"): string {
    return `${share === "all" ? "input" : "few"}.${value}.f32`;
  }

  /** The paths of what a section reads in the float model, computed unless it is there. */
  async inputs(section: number, before: BeforePass, share: SampleShare = "all"): Promise<ValuePaths> {
    const paths: Record<number, string> = {};
    for (const value of this.graph.sections[section]?.inputs ?? []) {
      paths[value] = await this.input(value, before, share);
    }
    return paths;
  }

  /** The path of a value of the float model, computed with all that its section makes unless it is there. */
  async input(value: number, before: BeforePass, asked: SampleShare = "all"): Promise<string> {
    const share = this.#batches[asked].samples === this.#batches.all.samples ? "all" : asked;
    const nameOf = (output: number): string => CalibrationSession.input(output, share);
    const path = this.work.file(nameOf(value));
    if (this.work.has(nameOf(value))) return path;
    const maker = this.graph.values[value]?.madeBy ?? 0;
    const inputs = await this.inputs(maker, before, share);
    const detail =
      maker === 0 ? "embedding the calibration samples" : `the forward pass of layer ${this.nameOf(maker)}`;
    before(maker, detail);
    const call = await this.section(maker, share);
    const missing = (this.graph.sections[maker]?.outputs ?? []).filter((output) => !this.work.has(nameOf(output)));
    const files = missing.map((output) => [output, this.work.start(nameOf(output))] as const);
    const outputs = Object.fromEntries(files.map(([output, { temporary }]) => [output, temporary]));
    await this.work.step(detail, () => this.#context.addon.runSection(call, inputs, outputs));
    for (const [, file] of files) await this.work.finish(file);
    return path;
  }

  /** Number of a section's block, as its weights have it in their names. */
  nameOf(section: number): number {
    return this.graph.sections[section]?.block ?? -1;
  }

  /**
   * Computes the loss at the output head.
   *
   * @param inputs what the last section reads
   * @param gradients files to write: the loss gradient at that
   */
  async loss(inputs: ValuePaths, gradients: ValuePaths, share: SampleShare): Promise<NativeJob<Float64Array>> {
    return this.#context.addon.headLoss(await this.section(this.last, share), inputs, gradients);
  }

  #tensor(target: string): ModelTensor {
    const tensor = this.#context.model.tensors.find(({ spec }) => spec.target === target);
    if (tensor === undefined) throw new Error(`the model has no ${target}`);
    return tensor;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** SHA-256 of what the file says about the model, hyperparameters and tokenizer included. */
function hashOf(metadata: Metadata): string {
  return createHash("sha256").update(encodeGgufHeader(metadata.entries(), []).header).digest("hex");
}

/** Half of the memory that is free, and on a GPU no more than most of what it has. */
export function usableMemory(addon: MethodAddon): number {
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
    for await (const { source, start } of reader.chunks(tensor)) {
      const position = await finishJob(addon.findNonFinite(source, threads), signal);
      assertFinite(tensor, position < 0 ? position : start * tensor.columns + position);
    }
    done += tensor.stored.byteLength;
  }
  return reader.fingerprint(model.tensors);
}
