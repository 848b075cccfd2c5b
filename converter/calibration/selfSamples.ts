import type { WorkDirectory } from "../checkpoint/WorkDirectory.js";
import type { ConversionContext } from "../ConversionContext.js";
import { ModelWriter } from "../output/ModelWriter.js";
import { writeTensors } from "../output/writeTensors.js";
import { describeOutput } from "../plan/describeOutput.js";
import { planTensors } from "../plan/planTensors.js";
import { roundToNearest } from "../quantization/roundToNearest.js";
import { nativeStep } from "./nativeStep.js";

const MODEL = "model.gguf";

/** Fixed, so that the same model gives the same samples. */
const SEED = 1;

/**
 * Calibration samples drawn from the full-precision model itself, so that nothing has to be downloaded.
 *
 * @returns `samples * length` tokens
 */
export async function selfSamples(
  context: ConversionContext,
  work: WorkDirectory,
  samples: number,
  length: number
): Promise<Int32Array> {
  const { model, metadata, addon, threads, progress } = context;
  const isBrainFloat = model.tensors.some(({ type }) => type === "BF16");
  const plan = planTensors(model, {
    format: isBrainFloat ? "bf16" : "f16",
    budget: { unit: "percent", percent: 0 },
    overrides: [],
    embeddingType: "f16",
    outputType: "f16"
  });
  const writer = await ModelWriter.create(
    work.file(MODEL),
    addon,
    metadata,
    plan.flatMap((planned) => describeOutput(planned, 0))
  );
  try {
    await writeTensors(writer, plan, [], roundToNearest, context);
    await writer.finish(metadata);
  } catch (error) {
    await writer.discard();
    throw error;
  }
  progress(1, "sampling from the model");
  const tokens = await nativeStep(
    "sampling from the model",
    addon.generateSamples(work.file(MODEL), samples, length, SEED, threads)
  );
  await work.remove(MODEL);
  return tokens;
}
