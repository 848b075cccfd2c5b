import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { InvalidInputError } from "../../common/errors.js";
import { CALIBRATION_TOKENS, type WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import { ModelWriter } from "../output/ModelWriter.js";
import { writeStockTensors } from "../output/writeStockTensors.js";
import { describeOutput } from "../plan/PlannedTensor.js";
import { planTensors } from "../plan/planTensors.js";

/** Files that are gone again once there are tokens. */
const VOCABULARY = "vocabulary.gguf";
const MODEL = "model.gguf";

/** Fixed, so that the same model gives the same samples. */
const SEED = 1;

/** What search and quantization are calibrated on, and how. */
export interface CalibrationOptions {
  /** Text files, in order; none means sequences sampled from the model itself. */
  readonly files: readonly string[];
  readonly samples: number;
  /** Tokens of each sample. */
  readonly sequenceLength: number;
  /** Where finished steps are kept until the conversion is done. */
  readonly workDirectory: string;
  /** Bytes that a layer and its activations may take; half of what is free unless given. */
  readonly memory?: number | undefined;
}

/** Calibration text read from files. */
export interface CalibrationText {
  readonly text: string;
  /** File names and a hash of their content. */
  readonly description: string;
}

/** @throws {InvalidInputError} a file cannot be read or is not UTF-8 text */
export async function readCalibrationText(files: readonly string[]): Promise<CalibrationText> {
  const hash = createHash("sha256");
  const texts: string[] = [];
  for (const file of files) {
    const data = await readFile(file).catch((error: unknown) => {
      throw readFailure(`the calibration text ${file}`, error);
    });
    hash.update(data);
    try {
      texts.push(new TextDecoder("utf-8", { fatal: true }).decode(data));
    } catch (error) {
      throw new InvalidInputError(`the calibration text ${file} is not UTF-8`, {
        fix: "Give a plain text file, saved as UTF-8.",
        cause: error
      });
    }
  }
  const names = files.map((file) => path.basename(file)).join(", ");
  return { text: texts.join("\n"), description: `${names} sha256:${hash.digest("hex").slice(0, 16)}` };
}

/**
 * The calibration tokens: from an earlier run, of a text by llama.cpp's own tokenizer, or of the model itself.
 *
 * @param text undefined for samples of the model itself
 * @returns `samples * length` tokens
 * @throws {InvalidInputError} the text is too short
 */
export async function calibrationTokens(
  context: ConversionContext,
  work: WorkDirectory,
  text: string | undefined,
  samples: number,
  length: number
): Promise<Int32Array> {
  if (work.has(CALIBRATION_TOKENS)) {
    const data = await readFile(work.file(CALIBRATION_TOKENS)).catch((error: unknown) => {
      throw readFailure(work.file(CALIBRATION_TOKENS), error);
    });
    return new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  }
  const tokens =
    text === undefined
      ? await sampleModel(context, work, samples, length)
      : sampleText(await tokenize(context, work, text, samples * length), samples, length);
  await work.write(CALIBRATION_TOKENS, new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
  return tokens;
}

/** A text's tokens, without special ones, and the one that begins a text; -1 for none. */
interface TokenizedText {
  readonly tokens: Int32Array;
  readonly bos: number;
}

async function tokenize(
  { addon, metadata, progress }: ConversionContext,
  work: WorkDirectory,
  text: string,
  enough: number
): Promise<TokenizedText> {
  progress(undefined, "tokenizing");
  // llama.cpp takes a vocabulary from a GGUF file only, so it gets one without tensors.
  const vocabulary = work.file(VOCABULARY);
  await writeWholeFile(vocabulary, encodeGgufHeader(metadata.entries(), []).header);
  const tokenized = await work.step("tokenizing the calibration text", () => addon.tokenize(vocabulary, text, enough));
  await rm(vocabulary);
  return tokenized;
}

/** Cuts a text's tokens into consecutive samples, each led by BOS when the model has one. */
function sampleText({ tokens, bos }: TokenizedText, samples: number, length: number): Int32Array {
  const lead = bos >= 0 ? 1 : 0;
  const taken = length - lead;
  if (tokens.length < samples * taken) {
    throw new InvalidInputError(
      `the calibration text has ${tokens.length} tokens, but ${samples} samples of ${length} need ${samples * taken}`,
      { fix: "Give more text, or fewer --samples or a smaller --sequence-length." }
    );
  }
  const sampled = new Int32Array(samples * length).fill(bos);
  for (let sample = 0; sample < samples; sample++) {
    sampled.set(tokens.subarray(sample * taken, (sample + 1) * taken), sample * length + lead);
  }
  return sampled;
}

/** Draws samples from the full-precision model itself, so that nothing has to be downloaded. */
async function sampleModel(
  context: ConversionContext,
  work: WorkDirectory,
  samples: number,
  length: number
): Promise<Int32Array> {
  const { addon, threads, progress } = context;
  progress(undefined, "writing a copy that can run");
  const model = work.file(MODEL);
  // F16 keeps more of every value than BF16, unless it cannot hold one.
  if (!(await writeStockModel("f16", model, context))) await writeStockModel("bf16", model, context);
  const sampling = `${samples} sequences of ${length} tokens`;
  progress(0, sampling);
  const tokens = await work.step("sampling from the model", () =>
    addon.generateSamples(model, samples, length, SEED, threads, (drawn, all) => progress(drawn / all, sampling))
  );
  await rm(model);
  return tokens;
}

/** @returns whether every value fits `format` */
async function writeStockModel(format: "f16" | "bf16", file: string, context: ConversionContext): Promise<boolean> {
  const { model, metadata, graph } = context;
  const plan = planTensors(model, graph, {
    format,
    budget: { unit: "percent", percent: 0 },
    overrides: [],
    embeddingType: format,
    outputType: format
  });
  let fits = true;
  const warn = (): void => {
    fits = false; // the one thing that writing a stock file warns of
  };
  const tensors = plan.flatMap((planned) => describeOutput(planned, 0));
  const writer = await ModelWriter.create(file, metadata, tensors);
  try {
    await writeStockTensors(writer, plan, { ...context, warn, progress: () => undefined });
    await writer.finish(metadata);
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return fits;
}
