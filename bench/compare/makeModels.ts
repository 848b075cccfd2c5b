import { shellWords } from "../../common/cli/format.js";
import { type CompareOptions, contenderName, type Contender } from "./CompareOptions.js";
import type { WorkKind } from "./Forecast.js";
import type { Workshop } from "./Workshop.js";
import type { ComparedModel } from "./Comparison.js";

/** Options with a default. */
type Defaulted = "context" | "calibrationChunks" | "prompt" | "generate" | "depth" | "repeat" | "threads" | "gpuLayers";

/** What every step of a comparison works with. */
export interface ComparisonContext {
  readonly options: CompareOptions & Required<Pick<CompareOptions, Defaulted>>;
  readonly workshop: Workshop;
  /** Of what was given. */
  readonly sha256: { readonly source: string; readonly text: string; readonly calibration: string | undefined };
  /** Says that the next piece of work of a kind is due; returns what takes how much of it is done, 0 to 1. */
  readonly step: (kind: WorkKind, label: string) => (done: number) => void;
}

/** The unquantized model that all others are made from and held against. */
export interface ReferenceModel {
  readonly file: string;
  readonly sha256: string;
}

/** A model's file, and how it came to be. */
export type MadeModel = Pick<ComparedModel, "file" | "origin">;

/**
 * Converts the source with mixllm-convert.
 *
 * @param kind to F16, or to MixLLM
 * @param args options that decide the file's content
 * @param files options that name files, whose content is in the context or follows from it
 */
export async function convertSource(
  { options: { source }, workshop, sha256, step }: ComparisonContext,
  kind: "convert" | "mixllm",
  name: string,
  args: readonly string[],
  files: readonly string[] = []
): Promise<MadeModel> {
  const rest = [...args, ...files];
  const file = await workshop.make(
    name.replace(" ", "-"),
    ["convert", sha256.source, sha256.calibration ?? "none", args],
    (path) => ({ kind: "convert", arguments: [source, "-o", path, ...rest] }),
    step(kind, `converting to ${name}`)
  );
  return { file, origin: `mixllm-convert ${shellWords([source, "-o", file, ...rest])}` };
}

/** Converts the source to a MixLLM model. */
export async function makeMixedModel(
  context: ComparisonContext,
  contender: Contender & { kind: "mixllm" }
): Promise<MadeModel> {
  const { options, workshop, sha256 } = context;
  const { calibration, calibrationChunks } = options;
  // The search for salient channels is the same for every share of them, so its result is handed on.
  const inputs = [sha256.source, sha256.calibration ?? "none", calibrationChunks];
  const salience = workshop.path("salience", inputs, "safetensors");
  const budget =
    "percent8bit" in contender
      ? ["--percent-8bit", String(contender.percent8bit)]
      : ["--bits-per-weight", String(contender.bitsPerWeight)];
  return convertSource(
    context,
    "mixllm",
    contenderName(contender),
    [...budget, "--samples", String(calibrationChunks)],
    [...(calibration === undefined ? [] : ["--calibration", calibration]), "--salience", salience]
  );
}

/**
 * Computes the importance matrix of the reference.
 *
 * @param text path of the calibration text
 * @returns path of the matrix
 */
export async function makeImportanceMatrix(
  { options: { calibrationChunks, threads }, workshop, sha256, step }: ComparisonContext,
  reference: ReferenceModel,
  text: string
): Promise<string> {
  return workshop.make(
    "imatrix",
    ["imatrix", reference.sha256, sha256.calibration, calibrationChunks],
    (output) => ({
      kind: "imatrix",
      options: { model: reference.file, text, output, threads, chunks: calibrationChunks }
    }),
    step("imatrix", "computing the importance matrix")
  );
}

/**
 * Quantizes the reference with llama.cpp's quantizer.
 *
 * @param type llama.cpp's name of the type
 * @param imatrix path of an importance matrix, if there is one
 */
export async function makeStockModel(
  { options: { threads }, workshop, step }: ComparisonContext,
  type: string,
  reference: ReferenceModel,
  imatrix: string | undefined
): Promise<MadeModel> {
  const matrix = imatrix === undefined ? {} : { imatrix };
  const file = await workshop.make(
    type,
    ["quantize", reference.sha256, type, imatrix === undefined ? "none" : await workshop.hashes.of(imatrix)],
    (output) => ({ kind: "quantize", input: reference.file, output, type, threads, ...matrix }),
    step("stock", `quantizing to ${type}`)
  );
  const by = imatrix === undefined ? "" : `, importance matrix ${imatrix}`;
  return { file, origin: `llama.cpp's quantizer, ${reference.file} to ${type}${by}` };
}
