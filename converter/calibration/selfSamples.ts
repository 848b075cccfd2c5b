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
  context.progress(undefined, "writing a copy that can run");
  // F16 keeps more of every value than BF16, unless it cannot hold one.
  if (!(await writeModel("f16", context, work))) await writeModel("bf16", context, work);
  context.progress(undefined, `${samples} sequences of ${length} tokens`);
  const tokens = await nativeStep(
    "sampling from the model",
    context.addon.generateSamples(work.file(MODEL), samples, length, SEED, context.threads)
  );
  await work.remove(MODEL);
  return tokens;
}

/** @returns whether every value fits `format` */
async function writeModel(format: "f16" | "bf16", context: ConversionContext, work: WorkDirectory): Promise<boolean> {
  const { model, metadata } = context;
  const plan = planTensors(model, {
    format,
    budget: { unit: "percent", percent: 0 },
    overrides: [],
    embeddingType: format,
    outputType: format
  });
  const writer = await ModelWriter.create(
    work.file(MODEL),
    metadata,
    plan.flatMap((planned) => describeOutput(planned, 0))
  );
  let fits = true;
  const warn = (): void => {
    fits = false; // the one thing that writing a stock file warns of
  };
  try {
    await writeTensors(writer, plan, [], roundToNearest, { ...context, warn, progress: () => undefined });
    await writer.finish(metadata);
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return fits;
}
