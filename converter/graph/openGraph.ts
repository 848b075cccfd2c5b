import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { InvalidInputError } from "../../common/errors.js";
import type { TensorDescription } from "../../common/gguf/encodeGgufHeader.js";
import { finishJob } from "../../common/nativeJob.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { ModelGraph } from "../MethodAddon.js";
import { ModelWriter } from "../output/ModelWriter.js";
import { runIsolated } from "../output/runIsolated.js";

/** Tokens of a sample where none pass through the graph. */
export const ANY_LENGTH = 256;

/** Builds the graph in a process of its own, says whether it can be, and ends. */
const TRY_GRAPH = `
const { addon, file, length } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const say = (answer) => process.stdout.write(JSON.stringify(answer));
require(addon).openGraph(file, length).result.then(
  () => say({}),
  (error) => say({ reason: error.message })
);
`;

/** What building a model's graph needs of a conversion. */
export type GraphContext = Pick<ConversionContext, "model" | "metadata" | "addon" | "signal">;

/**
 * Has llama.cpp build the model's graph, from its metadata and the list of its tensors.
 *
 * It does so in another process first: over some files that contradict themselves llama.cpp ends the process.
 *
 * @param length tokens of each sample
 * @throws {InvalidInputError} llama.cpp cannot run the model
 */
export async function openGraph(context: GraphContext, length: number): Promise<ModelGraph> {
  const { model, metadata } = context;
  // A file in which all weights are a hole.
  const tensors: TensorDescription[] = [
    ...model.computedTensors.map(({ target, values }) => ({ name: target, type: "f32" as const, ne: [values.length] })),
    ...model.tensors.map(({ spec }) => ({ name: spec.target, type: "f32" as const, ne: [...spec.shape].reverse() }))
  ];
  const folder = await mkdtemp(path.join(os.tmpdir(), "mixllm-graph-"));
  try {
    let graph: ModelGraph | undefined;
    await ModelWriter.rehearse(path.join(folder, "model.gguf"), metadata, tensors, async (file) => {
      graph = await build(context, file, model.place, length);
    });
    return graph as unknown as ModelGraph;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param source what to call the model in errors */
async function build(
  { addon, signal }: GraphContext,
  file: string,
  source: string,
  length: number
): Promise<ModelGraph> {
  const tried = await runIsolated<{ reason?: string }>(TRY_GRAPH, { addon: addon.file, file, length }, signal);
  if ("death" in tried) {
    throw new InvalidInputError(`llama.cpp gave up on the model in ${source}: ${tried.death}`, {
      fix: "Its metadata and tensors contradict each other: download or convert it again."
    });
  }
  const { reason } = tried.answer;
  if (reason !== undefined) {
    throw new InvalidInputError(`the model in ${source} cannot be converted: ${reason.replaceAll(file, source)}`);
  }
  return finishJob(addon.openGraph(file, length), signal);
}
