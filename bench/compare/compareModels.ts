import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { assertUnquantized } from "../../common/gguf/assertUnquantized.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import { runInWorker } from "../worker/runInWorker.js";
import { assertGgufFile, readText } from "../inputs.js";
import { type CompareOptions, contenderName, type Contender } from "./CompareOptions.js";
import type { Comparison, UntimedModel } from "./Comparison.js";
import {
  type ComparisonContext,
  convertSource,
  type MadeModel,
  makeImportanceMatrix,
  makeMixedModel,
  makeStockModel
} from "./makeModels.js";
import { describeMachine, describeVersions } from "./environment.js";
import { Forecast, planWork } from "./Forecast.js";
import { measureModel, measureSpeeds } from "./measureModels.js";
import { Workshop } from "./Workshop.js";

/** What is not given is as if it were this. */
const DEFAULTS = {
  context: 512,
  calibrationChunks: 64,
  prompt: [512],
  generate: [64],
  depth: [0],
  repeat: 5,
  gpuLayers: 0
};

/**
 * Makes every contender and sets it against the unquantized model: quality, speed, memory, size. Each piece of work runs
 * in a process of its own; speed is measured with the models taking turns. What is finished is kept in the output
 * folder and not done again.
 *
 * @throws {InvalidInputError} something that was given is missing or unusable
 * @throws the reason of `signal` when it aborts
 */
export async function compareModels(given: CompareOptions): Promise<Comparison> {
  const options = { ...DEFAULTS, threads: availableParallelism(), ...given };
  const { source, contenders, calibration, runWork = runInWorker, onProgress = () => undefined } = options;
  const isDirectory = await assertSource(source);
  const text = await readText(options.text);
  if (calibration !== undefined) await readText(calibration);
  for (const contender of contenders) if (contender.kind === "file") await assertGgufFile(contender.path);

  const needsMatrix = contenders.some(({ kind }) => kind === "stock");
  const matrixText = needsMatrix ? calibration : undefined;
  const plan = planWork({
    ...options,
    convertsSource: isDirectory,
    needsMatrix: matrixText !== undefined,
    textBytes: text.length
  });
  const forecast = new Forecast(plan, onProgress);
  const { versions, tools } = await describeVersions();
  const workshop = await Workshop.open(options.output, {
    build: `${versions.mixllm} ${tools}`,
    runWork: (request, workOptions) => forecast.time(() => runWork(request, workOptions)),
    ...(options.signal === undefined ? {} : { signal: options.signal })
  });
  const { hashes } = workshop;
  const sha256 = {
    source: await hashes.of(source),
    text: await hashes.of(options.text),
    calibration: calibration === undefined ? undefined : await hashes.of(calibration)
  };
  const step = (...due: Parameters<Forecast["next"]>): ((done: number) => void) => {
    forecast.next(...due);
    return (done) => forecast.update(done);
  };
  const context: ComparisonContext = { options, workshop, sha256, step };

  const asGiven = (file: string): MadeModel => ({ file, origin: "as it was given" });
  const original = isDirectory ? await convertSource(context, "convert", "F16", ["--type", "f16"]) : asGiven(source);
  assertUnquantized(original.file, [await readGgufHeader(original.file)]);
  const reference = { file: original.file, sha256: await hashes.of(original.file) };

  const measured: UntimedModel[] = [];
  const measure = async (name: string, made: MadeModel): Promise<void> => {
    const model = await measureModel(context, name, made, reference);
    options.onModel?.(model);
    measured.push(model);
  };
  // First, because it tells whether the text is of any use.
  await measure(isDirectory ? "F16" : basename(reference.file), original);
  const imatrix = matrixText === undefined ? undefined : await makeImportanceMatrix(context, reference, matrixText);
  const make = async (contender: Contender): Promise<MadeModel> => {
    switch (contender.kind) {
      case "file":
        return asGiven(contender.path);
      case "mixllm":
        return makeMixedModel(context, contender);
      case "stock":
        return makeStockModel(context, contender.type, reference, imatrix);
    }
  };
  for (const contender of contenders) await measure(contenderName(contender), await make(contender));
  const isTimed = plan.some(({ kind }) => kind === "speed");
  const speeds = isTimed ? await measureSpeeds(context, measured) : [];
  onProgress(1, "done");

  return {
    version: 1,
    date: new Date().toISOString(),
    source,
    sourceSha256: sha256.source,
    text: { file: options.text, sha256: sha256.text },
    ...(calibration === undefined || sha256.calibration === undefined
      ? {}
      : { calibration: { file: calibration, sha256: sha256.calibration } }),
    settings: { threads: options.threads, repeat: options.repeat },
    machine: describeMachine(),
    versions,
    command: options.command,
    models: measured.map((model, i) => ({ ...model, speed: speeds[i] ?? [] }))
  };
}

/** @returns whether the source is a directory */
async function assertSource(source: string): Promise<boolean> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(source)).isDirectory();
  } catch (error) {
    throw readFailure(source, error);
  }
  if (!isDirectory) {
    await assertGgufFile(source);
    assertUnquantized(source, [await readGgufHeader(source)]);
  }
  return isDirectory;
}
