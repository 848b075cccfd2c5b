import { stat } from "node:fs/promises";
import { inspectMixLlmFile } from "../../plugin/api/mixLlmFiles.js";
import { isFloatType } from "../../common/gguf/ggmlTypes.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import type { Footprint } from "../footprint/measureFootprint.js";
import { startLengths, summarizeFootprints } from "../footprint/measureFootprints.js";
import type { SpeedFigures } from "../speed/SpeedReport.js";
import type { ComparedModel, UntimedModel } from "./Comparison.js";
import type { ComparisonContext, MadeModel, ReferenceModel } from "./makeModels.js";
import { describeMachine } from "./environment.js";
import { STARTS } from "./Forecast.js";

/**
 * Says how a GGUF is quantized, if at all.
 *
 * @throws {CorruptFileError} it is a MixLLM file that contradicts itself
 */
async function identifyModel(path: string): Promise<Pick<ComparedModel, "family" | "tensors">> {
  const { metadata, tensors } = await readGgufHeader(path);
  if (metadata.has("mixllm.version")) return { family: "mixllm", tensors: (await inspectMixLlmFile(path)).tensors };
  return { family: tensors.every(({ type }) => isFloatType(type)) ? "unquantized" : "stock" };
}

/**
 * Bits of all tensors of a GGUF over the weights of the unquantized model.
 *
 * @param reference path of the unquantized GGUF
 */
export async function bitsPerWeight(model: string, reference: string): Promise<number> {
  const bytes = (await readGgufHeader(model)).tensors.reduce((sum, { byteLength }) => sum + (byteLength ?? NaN), 0);
  const weights = (await readGgufHeader(reference)).tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce((product, extent) => product * extent, 1),
    0
  );
  return (8 * bytes) / weights;
}

/** Measures a model's quality against the reference, and what starting it takes. */
export async function measureModel(
  comparison: ComparisonContext,
  name: string,
  { file, origin }: MadeModel,
  reference: ReferenceModel
): Promise<UntimedModel> {
  const { options, workshop, sha256: given, step } = comparison;
  const { text, context, chunks, threads, gpuLayers } = options;
  const sha256 = await workshop.hashes.of(file);
  const isReference = sha256 === reference.sha256;
  const quality = await workshop.measure(
    [sha256, isReference ? "itself" : reference.sha256, given.text, context, chunks ?? "all", threads],
    {
      kind: "quality",
      options: {
        model: file,
        text,
        context,
        threads,
        ...(isReference ? {} : { reference: reference.file }),
        ...(chunks === undefined ? {} : { chunks })
      }
    },
    step("quality", `quality of ${name}`)
  );
  const start = { ...startLengths(options), threads, gpuLayers };
  const starts: Footprint[] = [];
  while (starts.length < STARTS) {
    starts.push(
      await workshop.measure(
        [sha256, start, describeMachine(), starts.length],
        { kind: "footprint", options: { ...start, model: file } },
        step("start", `memory of ${name}`)
      )
    );
  }
  return {
    name,
    ...(await identifyModel(file)),
    origin,
    file,
    sha256,
    fileBytes: (await stat(file)).size,
    bitsPerWeight: await bitsPerWeight(file, reference.file),
    quality,
    footprint: summarizeFootprints(starts)
  };
}

/**
 * Times the models, which take turns.
 *
 * @returns the figures of each, in their order
 */
export async function measureSpeeds(
  { options: { prompt, generate, depth, repeat, threads, gpuLayers }, workshop, step }: ComparisonContext,
  models: readonly UntimedModel[]
): Promise<SpeedFigures[][]> {
  const hashes = models.map(({ sha256 }) => sha256);
  const files = models.map(({ file }) => file);
  const report = await workshop.measure(
    [hashes, prompt, generate, depth, repeat, threads, gpuLayers, describeMachine()],
    { kind: "speed", options: { models: files, prompt, generate, depth, repeat, threads, gpuLayers } },
    step("speed", "speed")
  );
  return report.models.map(({ figures }) => figures);
}
