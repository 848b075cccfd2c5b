import { assertCanWrite } from "../common/files/destination.js";
import { realpath } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { InvalidInputError } from "../common/errors.js";
import { CalibrationSession, type SessionOptions } from "./calibration/CalibrationSession.js";
import type { ConversionSummary } from "./ConversionSummary.js";
import type { ConverterAddon } from "./ConverterAddon.js";
import { openModel } from "./model/openModel.js";
import { WeightReader } from "./model/WeightReader.js";
import { FILE_TYPES } from "./output/fileTypes.js";
import { ModelWriter } from "./output/ModelWriter.js";
import { PENDING_FINGERPRINT, writeProvenance, type Provenance } from "./output/writeProvenance.js";
import { writeTensors } from "./output/writeTensors.js";
import type { ConversionOptions } from "./plan/ConversionOptions.js";
import { describeOutput } from "./plan/describeOutput.js";
import { mixedWeights } from "./plan/mixedWeights.js";
import { planTensors } from "./plan/planTensors.js";
import { sizeWithoutMixed } from "./plan/sizeWithoutMixed.js";
import { summarizeMix } from "./plan/summarizeMix.js";
import { assignBitWidths } from "./quantization/assignBitWidths.js";
import type { ChannelSearch } from "./quantization/ChannelSearch.js";
import type { QuantizationMethod } from "./quantization/QuantizationMethod.js";

export interface ConvertModelOptions extends ConversionOptions {
  /** A model directory in Hugging Face form, or the only or first file of an F16, BF16 or F32 GGUF. */
  readonly source: string;
  /** File to write. */
  readonly output: string;
  /** Whether an existing output may be replaced. */
  readonly force: boolean;
  /** llama.cpp's name of the BPE pre-tokenizer, to use instead of recognising it. */
  readonly preTokenizer?: string | undefined;
  readonly search: ChannelSearch;
  readonly method: QuantizationMethod;
  /** Calibration, for a search or method that needs it. */
  readonly calibration?: Omit<SessionOptions, "command"> | undefined;
  /** The options that determine the output, as they would be typed; recorded in the file. */
  readonly command: string;
}

/** Checking the weights, taking calibration samples, ranking channels, quantizing and writing. */
export type ConversionStep = "prepare" | "sample" | "rank" | "write";

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
 * Converts a model to a MixLLM or stock GGUF file: plan, choose 8-bit channels, quantize, write.
 *
 * Weights are streamed: about one tensor is in memory at a time. The output appears under its name only when it is
 * whole; on an error or when cancelled, nothing is left but, where there is calibration, the work directory, from which
 * the same conversion goes on.
 *
 * @throws {InvalidInputError} the model cannot be converted
 * @throws {MixLlmError} the output cannot be written
 */
export async function convertModel(
  options: ConvertModelOptions,
  { loadAddon, warn, progress, signal }: ConvertModelHooks
): Promise<ConversionSummary> {
  await assertCanWrite(options.output, { overwrite: options.force });
  const model = await openModel(options.source, { preTokenizer: options.preTokenizer, warn });
  try {
    await assertNotReplaced(model.weights.paths, options.output);
    const plan = planTensors(model, options);
    const metadata = await model.metadata(FILE_TYPES[options.format]);
    const addon = await loadAddon();
    const reader = new WeightReader(model.weights, signal);
    const basics = { model, metadata, reader, addon, threads: availableParallelism(), signal, warn };
    const isMixed = options.format === "mixllm";
    const calibration =
      isMixed && options.calibration !== undefined
        ? await CalibrationSession.open(
            { ...basics, progress: (fraction, detail) => progress("prepare", fraction, detail) },
            { ...options.calibration, command: options.command },
            (fraction, detail) => progress("sample", fraction, detail)
          )
        : undefined;
    const context = calibration === undefined ? basics : { ...basics, calibration };

    try {
      const made = {
        method: options.method.name,
        calibration: calibration?.description ?? "",
        command: options.command
      };
      if (isMixed) {
        const pending = { ...made, search: options.search.name, bitsPerWeight: 0, percent8bit: 0 };
        writeProvenance(metadata, pending, PENDING_FINGERPRINT);
      }
      const otherBytes = sizeWithoutMixed(metadata, plan);
      const mix = await assignBitWidths(mixedWeights(plan), options.budget, otherBytes, options.search, {
        ...context,
        progress: (fraction, detail) => progress("rank", fraction, detail)
      });
      const summary = summarizeMix(mix.weights);
      const provenance: Provenance = {
        ...made,
        search: mix.search,
        bitsPerWeight: summary.bitsPerWeight,
        percent8bit: summary.percent8bit
      };
      if (isMixed) writeProvenance(metadata, provenance, PENDING_FINGERPRINT);

      const counts = new Map(mix.weights.map(({ planned, channels8bit }) => [planned.target, channels8bit]));
      const tensors = plan.flatMap((planned) => describeOutput(planned, counts.get(planned.target) ?? 0));
      const writer = await ModelWriter.create(options.output, metadata, tensors);
      try {
        await writeTensors(writer, plan, mix.weights, options.method, {
          ...context,
          progress: (fraction, detail) => progress("write", fraction, detail)
        });
        const source = reader.fingerprint(model.tensors);
        if (isMixed) writeProvenance(metadata, provenance, source);
        signal.throwIfAborted();
        await writer.finish(metadata);
        await calibration?.work.discard();
        return {
          output: options.output,
          bytes: writer.size,
          format: options.format,
          source,
          ...(isMixed
            ? {
                mixed: {
                  ...provenance,
                  ...(calibration === undefined ? {} : { device: calibration.device }),
                  weights: summary.weights
                }
              }
            : {}),
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
    } catch (error) {
      await calibration?.work.leave(error);
      throw error;
    }
  } finally {
    await model.close();
  }
}

/** @throws {InvalidInputError} writing the output would replace a file of the model itself */
async function assertNotReplaced(paths: readonly string[], output: string): Promise<void> {
  const target = await realpath(output).catch(() => undefined); // not there yet
  for (const path of paths) {
    if (target !== undefined && (await realpath(path)) === target) {
      throw new InvalidInputError(`${output} is the model that is to be converted`, {
        fix: "Write to another file."
      });
    }
  }
}
