import { existsSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { InvalidInputError } from "../common/errors.js";
import { assertCanMakeFolder, assertCanWrite, assertFreeSpace } from "../common/files/destination.js";
import { Metadata } from "../common/gguf/Metadata.js";
import type { CalibrationOptions } from "./calibration/calibrationSamples.js";
import { CalibrationSession } from "./calibration/CalibrationSession.js";
import type { Sought } from "./calibration/estimateWork.js";
import { workSpace } from "./calibration/workSpace.js";
import type { ConversionContext } from "./ConversionContext.js";
import { findSparseExperts, summarizeMix, type ConversionSummary, type MixSummary } from "./ConversionSummary.js";
import type { ConverterAddon } from "./ConverterAddon.js";
import { ANY_LENGTH, openGraph } from "./graph/openGraph.js";
import type { ModelGraph } from "./MethodAddon.js";
import { openModel } from "./model/openModel.js";
import type { SourceModel } from "./model/SourceModel.js";
import { WeightReader } from "./model/WeightReader.js";
import { ModelWriter } from "./output/ModelWriter.js";
import { tryFile } from "./output/tryFile.js";
import { FILE_TYPES, PENDING_FINGERPRINT, writeProvenance, type Provenance } from "./output/provenance.js";
import { writeStockTensors } from "./output/writeStockTensors.js";
import { sizeWithoutMixed } from "./plan/budget.js";
import type { ConversionOptions } from "./plan/ConversionOptions.js";
import { estimatePlan } from "./plan/estimatePlan.js";
import { describeOutput, mixedWeights, type PlannedTensor } from "./plan/PlannedTensor.js";
import { planTensors } from "./plan/planTensors.js";
import { assignBitWidths, type ChannelSearch } from "./quantization/ChannelSearch.js";
import { equalize, type EqualizationMode } from "./quantization/equalize.js";
import { globalSearch, type Ranking, type SearchScope } from "./quantization/globalSearch.js";
import { gptq } from "./quantization/gptq.js";
import type { MixedWeight, QuantizationMethod } from "./quantization/QuantizationMethod.js";
import { roundToNearest, weightErrorSearch } from "./quantization/roundToNearest.js";

export interface ConvertModelOptions extends ConversionOptions {
  /** A model directory in Hugging Face form, or the only or first file of an F16, BF16 or F32 GGUF. */
  readonly source: string;
  /** File to write. */
  readonly output: string;
  /** Whether an existing output may be replaced. */
  readonly force: boolean;
  /** llama.cpp's name of the BPE pre-tokenizer, to use instead of recognising it. */
  readonly preTokenizer?: string | undefined;
  /** How the 8-bit channels of a MixLLM file are found. */
  readonly search: SearchScope | "weight_error";
  /** What a search by the loss ranks by. */
  readonly ranking: Ranking;
  /** Where the global search's result is kept for later conversions, and taken from if it is there. */
  readonly salience?: string | undefined;
  /** Whether activations are equalized before they are quantized, where there is calibration. */
  readonly equalization: EqualizationMode;
  /** How the weights of a MixLLM file are quantized. */
  readonly method: "gptq" | "rtn";
  /** What the global search and GPTQ run the model on. */
  readonly calibration: CalibrationOptions;
  /** The options that determine the output, as they would be typed; recorded in the file. */
  readonly command: string;
}

/** Whether a conversion runs the model on calibration samples. */
export function usesCalibration(options: Pick<ConvertModelOptions, "format" | "search" | "method">): boolean {
  return options.format === "mixllm" && (options.search !== "weight_error" || options.method === "gptq");
}

/** What a conversion searches by the loss, unless it does not search, or has a search's kept result. */
export function soughtByLoss({
  search,
  method,
  salience,
  budget
}: Pick<ConvertModelOptions, "search" | "method" | "salience" | "budget">): Sought | undefined {
  if (search === "weight_error" || (salience !== undefined && existsSync(salience))) return undefined;
  if (budget.unit !== "percent" || budget.percent > 0) return "salience";
  // With no channel in 8 bits there is nothing to choose; a file to keep serves other budgets as well, so it gets all.
  if (method !== "gptq") return undefined;
  return salience === undefined ? "moments" : "salience";
}

/** Whether a model can be run on samples layer by layer; warns of what stands in where it cannot. */
export function canCalibrate({ obstacle }: ModelGraph, warn: (message: string) => void): boolean {
  if (obstacle === undefined) return true;
  warn(
    `calibration cannot run this model block by block: ${obstacle}; output channels are ranked by their rounding error ` +
      `(${weightErrorSearch.name}) and rounded to nearest (${roundToNearest.name})`
  );
  return false;
}

/** Checking the weights, taking calibration samples, equalizing, ranking channels, quantizing and writing. */
export type ConversionStep = "prepare" | "sample" | "equalize" | "rank" | "write";

/** How a conversion talks to whoever runs it. */
export interface ConvertModelHooks {
  /** Loads the native addon; called only once everything that can be checked without it holds. */
  readonly loadAddon: () => Promise<ConverterAddon>;
  readonly warn: (message: string) => void;
  /** `fraction` is undefined where it cannot be told. */
  readonly progress: (step: ConversionStep, fraction: number | undefined, detail: string) => void;
  /** Cancels the conversion, which then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Converts a model to a MixLLM or stock GGUF file: prepare, equalize, choose 8-bit channels, quantize and write.
 *
 * Weights are streamed: about one tensor is in memory at a time. The output appears under its name only when it is
 * whole; on an error or when cancelled, nothing is left but, where there is calibration, the work directory, from which
 * the same conversion goes on.
 *
 * @throws {InvalidInputError} the model cannot be converted
 * @throws {MixLlmError} the output cannot be written
 */
export async function convertModel(options: ConvertModelOptions, hooks: ConvertModelHooks): Promise<ConversionSummary> {
  await assertCanWrite(options.output, { overwrite: options.force });
  const { preTokenizer } = options;
  const model = await openModel(options.source, { preTokenizer, warn: hooks.warn }, path.dirname(options.output));
  try {
    await assertNotReplaced(model.weights.paths, options.output);
    const conversion = await prepare(model, options, hooks);
    try {
      const equalization = await equalizeActivations(conversion, options);
      const choice = await choose(conversion, equalization, options);
      const summary = await write(conversion, choice, options);
      await conversion.session?.work.discard();
      return summary;
    } catch (error) {
      await conversion.session?.work.leave(error);
      throw error;
    }
  } finally {
    await model.close();
  }
}

/** A conversion about to begin. */
interface Conversion {
  readonly plan: readonly PlannedTensor[];
  readonly search: ChannelSearch;
  readonly method: QuantizationMethod;
  /** What search and method calibrate with, if they do. */
  readonly session: CalibrationSession | undefined;
  /** What a step works with. */
  readonly context: (step: ConversionStep) => ConversionContext;
  /** Lets llama.cpp try a file that is about to be written. */
  readonly tryFile: (file: string) => Promise<void>;
}

/** Warns of samples that the model was not trained for. */
function checkLength(
  { contextLength }: SourceModel,
  { calibration: { sequenceLength } }: ConvertModelOptions,
  warn: (message: string) => void
): void {
  if (contextLength === undefined || sequenceLength <= contextLength) return;
  warn(
    `calibration samples of ${sequenceLength} tokens are longer than the model's context of ${contextLength}, beyond ` +
      `which it was not trained: use --sequence-length ${contextLength} or less`
  );
}

/** Plans, checks that there is room for the result, and builds search and method, with calibration where they need it. */
async function prepare(
  model: SourceModel,
  asked: ConvertModelOptions,
  { loadAddon, warn, progress, signal }: ConvertModelHooks
): Promise<Conversion> {
  if (usesCalibration(asked)) checkLength(model, asked, warn);
  const metadata = await model.metadata(FILE_TYPES[asked.format]);
  const addon = await loadAddon();
  progress("prepare", undefined, "building the model's graph");
  const length = usesCalibration(asked) ? asked.calibration.sequenceLength : ANY_LENGTH;
  const graph = await openGraph({ model, metadata, addon, signal }, length);
  const options: ConvertModelOptions =
    !usesCalibration(asked) || canCalibrate(graph, warn) ? asked : { ...asked, search: "weight_error", method: "rtn" };
  const plan = planTensors(model, graph, options);
  await assertRoom(model, graph, plan, metadata, options);
  const reader = new WeightReader(model.weights, signal);
  const basics = { model, metadata, reader, addon, graph, threads: availableParallelism(), signal, warn };
  const context = (step: ConversionStep): ConversionContext => ({
    ...basics,
    progress: (fraction, detail) => progress(step, fraction, detail)
  });
  const said = new Set<string>();
  const warnOnce = (message: string): void => {
    if (!said.has(message)) warn(message);
    said.add(message);
  };
  const uncalibrated = {
    plan,
    search: weightErrorSearch,
    method: roundToNearest,
    session: undefined,
    context,
    tryFile: (file: string) => tryFile(addon.file, file, { signal, warn: warnOnce })
  };
  if (!usesCalibration(options)) return uncalibrated;

  const { calibration, command, search } = options;
  await rehearse(plan, metadata, options, uncalibrated.tryFile);
  const session = await CalibrationSession.open(context("prepare"), calibration, command, context("sample").progress);
  try {
    await assertNotWrittenMeanwhile(options); // by the one that the work directory was waited for
    return {
      ...uncalibrated,
      ...(search === "weight_error" ? {} : { search: await chooseSearch(session, search, options, warn) }),
      ...(options.method === "gptq" ? { method: gptq(session) } : {}),
      session
    };
  } catch (error) {
    await session.work.leave(error);
    throw error;
  }
}

/** Lets llama.cpp try the file as it would be with 4 bits throughout: hours may lie between here and the real one. */
async function rehearse(
  plan: readonly PlannedTensor[],
  metadata: Metadata,
  { output, command }: ConvertModelOptions,
  look: (file: string) => Promise<void>
): Promise<void> {
  const rehearsed = new Metadata();
  rehearsed.append(metadata.entries());
  const provenance = {
    method: "",
    equalization: "",
    rowFeedback: "",
    search: "",
    calibration: "",
    command,
    bitsPerWeight: 0,
    percent8bit: 0
  };
  writeProvenance(rehearsed, provenance, PENDING_FINGERPRINT);
  const tensors = plan.flatMap((planned) => describeOutput(planned, 0));
  await ModelWriter.rehearse(output, rehearsed, tensors, look);
}

/** The search by the loss, or, for a model that has no gradients, one without. */
async function chooseSearch(
  session: CalibrationSession,
  scope: SearchScope,
  { ranking, method, salience }: ConvertModelOptions,
  warn: (message: string) => void
): Promise<ChannelSearch> {
  const [missing] = session.graph.sections.flatMap((section) => section.missing);
  if (missing === undefined) return globalSearch(session, scope, ranking, method === "gptq", salience);
  warn(
    `this model's gradients cannot be computed (${missing.op} of ${missing.tensor}: ${missing.reason}), so output channels ` +
      `are ranked by their rounding error: ${weightErrorSearch.name}`
  );
  return weightErrorSearch;
}

/** What the file says of a step that no tensor takes. */
const NONE = "off";

const counted = (count: number): string => `${count} tensors`;

/**
 * Equalizes activations, if that is asked for. The search comes after, so that it is of the weights that will be rounded.
 *
 * @returns what the file says of it
 */
async function equalizeActivations(
  { plan, session, context }: Conversion,
  { equalization }: ConvertModelOptions
): Promise<string> {
  if (session === undefined || equalization === "off") return NONE;
  const work = context("equalize");
  const factors = await equalize(session, new Set(mixedWeights(plan).map(({ target }) => target)), work);
  work.reader.equalize(factors);
  return counted(factors.size);
}

/** Which channels have 8 bits, and what the file says about it. */
interface Choice {
  readonly weights: readonly MixedWeight[];
  readonly summary: MixSummary;
  readonly provenance: Provenance;
}

/** Chooses the 8-bit channels of the mixed weights, of which a stock file has none. */
async function choose(
  { plan, search, method, session, context }: Conversion,
  equalization: string,
  options: ConvertModelOptions
): Promise<Choice> {
  const ranking = context("rank");
  const made = {
    method: method.name,
    equalization,
    rowFeedback: search.findMoments !== undefined ? counted(plan.length) : NONE, // as long as it can become
    calibration: session?.description ?? "",
    command: options.command
  };
  if (options.format === "mixllm") {
    const pending = { ...made, search: search.name, bitsPerWeight: 0, percent8bit: 0 };
    writeProvenance(ranking.metadata, pending, PENDING_FINGERPRINT);
  }
  const otherBytes = sizeWithoutMixed(ranking.metadata, plan);
  const mix = await assignBitWidths(mixedWeights(plan), options.budget, otherBytes, search, ranking);
  const summary = summarizeMix(mix.weights);
  const { bitsPerWeight, percent8bit } = summary;
  const fed = mix.weights.filter(({ moment }) => moment !== undefined).length;
  const provenance = { ...made, rowFeedback: fed === 0 ? NONE : counted(fed), search: mix.search };
  return { weights: mix.weights, summary, provenance: { ...provenance, bitsPerWeight, percent8bit } };
}

/** Quantizes and writes the file. */
async function write(
  { plan, method, session, context, tryFile: look }: Conversion,
  { weights, summary, provenance }: Choice,
  options: ConvertModelOptions
): Promise<ConversionSummary> {
  const writing = context("write");
  const { model, metadata, reader, signal, progress } = writing;
  const isMixed = options.format === "mixllm";
  if (isMixed) writeProvenance(metadata, provenance, PENDING_FINGERPRINT);
  const counts = new Map(weights.map(({ planned, channels8bit }) => [planned.target, channels8bit]));
  const tensors = plan.flatMap((planned) => describeOutput(planned, counts.get(planned.target) ?? 0));
  const writer = await ModelWriter.create(options.output, metadata, tensors);
  try {
    const stockShare = shareOfStock(plan);
    await writeStockTensors(writer, plan, {
      ...writing,
      progress: (fraction, detail) => progress(stockShare * (fraction ?? 0), detail)
    });
    const expertTokens = new Map<string, readonly number[]>();
    if (weights.length > 0) {
      const quantized = method.quantize(weights, {
        ...writing,
        progress: (fraction, detail) => progress(stockShare + (1 - stockShare) * (fraction ?? 0), detail)
      });
      for await (const { weight, components, expertTokens: tokens } of quantized) {
        if (tokens !== undefined) expertTokens.set(weight.planned.target, tokens);
        for (const [suffix, data] of Object.entries(components)) {
          if (data.length > 0) await writer.write(`${weight.planned.target}.${suffix}`, data);
        }
      }
    }
    const source = reader.fingerprint(model.tensors);
    if (isMixed) writeProvenance(metadata, provenance, source);
    signal.throwIfAborted();
    await assertNotWrittenMeanwhile(options);
    await writer.finish(metadata, look);
    const device = session === undefined ? {} : { device: session.device };
    const sparseExperts = findSparseExperts(expertTokens);
    const sparse = sparseExperts.length === 0 ? {} : { sparseExperts };
    return {
      output: options.output,
      bytes: writer.size,
      format: options.format,
      source,
      ...(isMixed ? { mixed: { ...provenance, ...device, ...sparse, weights: summary.weights } } : {}),
      stock: plan.flatMap((planned) =>
        planned.treatment === "stock"
          ? [{ name: planned.target, type: planned.type, ...("note" in planned ? { note: planned.note } : {}) }]
          : []
      )
    };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The part of the source's bytes that becomes stock tensors. */
function shareOfStock(plan: readonly PlannedTensor[]): number {
  let [stock, all] = [0, 0];
  for (const planned of plan) {
    if (planned.treatment === "computed") continue;
    all += planned.tensor.stored.byteLength;
    if (planned.treatment === "stock") stock += planned.tensor.stored.byteLength;
  }
  return stock / all;
}

/**
 * Checks that the disks have room for the file and all that is on them at the same time.
 *
 * @throws {InvalidInputError} no choice of channels meets the budget
 * @throws {MixLlmError} they do not, or the work directory cannot be written
 */
async function assertRoom(
  model: SourceModel,
  graph: ModelGraph,
  plan: readonly PlannedTensor[],
  metadata: Metadata,
  options: ConvertModelOptions
): Promise<void> {
  const otherBytes = sizeWithoutMixed(metadata, plan);
  const { mixed, tensors } = estimatePlan(plan, options.budget, otherBytes);
  const stockBytes = tensors.reduce((sum, { type, bytes }) => sum + (type === "mixllm" ? 0 : bytes), 0);
  const mixedBytes = mixed === undefined ? 0 : mixed.mostBytes - stockBytes;
  const folder = path.dirname(path.resolve(options.output));
  const output = { path: folder, what: "the file", bytes: otherBytes + mixedBytes };
  if (!usesCalibration(options)) return assertFreeSpace([output], "Free some space or write to another disk.");

  const { workDirectory } = options.calibration;
  await assertCanMakeFolder(workDirectory);
  const fix = "Free some space, give another --work-directory, or use fewer --samples.";
  const use = {
    sought: soughtByLoss(options),
    equalizes: options.equalization === "auto",
    packedBytes: options.method === "gptq" ? mixedBytes : undefined
  };
  const { copy, steps, moments } = await workSpace(model, graph, options.calibration, use);
  await assertFreeSpace([{ path: workDirectory, what: "a copy of the model to sample from", bytes: copy }], fix);
  const { salience } = options;
  const kept = { path: path.dirname(path.resolve(salience ?? "")), what: "the search's result", bytes: moments };
  const needs = [output, { path: workDirectory, what: "calibration", bytes: steps }];
  await assertFreeSpace(use.sought !== undefined && salience !== undefined ? [...needs, kept] : needs, fix);
}

/** @throws {InvalidInputError} writing the output would replace a file of the model itself */
async function assertNotReplaced(paths: readonly string[], output: string): Promise<void> {
  const target = await realpath(output).catch(() => undefined); // not there yet
  for (const file of paths) {
    if (target !== undefined && (await realpath(file)) === target) {
      throw new InvalidInputError(`${output} is the model that is to be converted`, {
        fix: "Write to another file."
      });
    }
  }
}

/** @throws {InvalidInputError} another process has written the output since this one began */
async function assertNotWrittenMeanwhile({ output, force }: ConvertModelOptions): Promise<void> {
  if (force || !(await exists(output))) return;
  throw new InvalidInputError(`another conversion has written ${output} meanwhile`, {
    fix: "Use that file, or add --force to replace it."
  });
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
