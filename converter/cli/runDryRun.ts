import { availableParallelism } from "node:os";
import { formatBytes, formatDuration, formatTable } from "../../common/cli/format.js";
import { warn } from "../../common/cli/runCommand.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { finishJob } from "../../common/nativeJob.js";
import { countParameters } from "../model/SourceModel.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { canCalibrate, soughtByLoss } from "../convertModel.js";
import { ANY_LENGTH, openGraph } from "../graph/openGraph.js";
import { fetchSource } from "../hub/fetchSource.js";
import { openModel } from "../model/openModel.js";
import { FILE_TYPES } from "../output/provenance.js";
import { sizeWithoutMixed } from "../plan/budget.js";
import { estimatePlan, type PlanEstimate } from "../plan/estimatePlan.js";
import { planTensors } from "../plan/planTensors.js";
import { type CalibrationWork, estimateWork } from "../calibration/estimateWork.js";
import { type BatchPlan, planBatches } from "../calibration/planBatches.js";
import { argumentsCalibrate, budgetOf, type ConvertArguments } from "./ConvertArguments.js";

/** Shows what a conversion would do. Everything but the weights' values is read and checked. */
export async function runDryRun(source: string, options: ConvertArguments): Promise<void> {
  const { endpoint, quiet = false } = options;
  const directory = await untilInterrupted((signal) => fetchSource(source, { endpoint, quiet, signal }));
  if (directory === undefined) return;
  const model = await openModel(directory, { preTokenizer: options.preTokenizer, warn });
  try {
    const budget = budgetOf(options);
    const metadata = await model.metadata(FILE_TYPES[options.type]); // which checks the tokenizer
    const addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: options.quiet === true });
    const { signal } = new AbortController();
    const length = argumentsCalibrate(options) ? options.sequenceLength : ANY_LENGTH;
    const graph = await openGraph({ model, metadata, addon, signal }, length);
    const calibrates = argumentsCalibrate(options) && canCalibrate(graph, warn);
    const batches = calibrates ? planBatches(graph, model.tensors, { samples: options.samples, length }) : undefined;
    const plan = planTensors(model, graph, { ...options, format: options.type, budget, overrides: options.tensorBits });
    const seconds = calibrates
      ? estimateWork(graph, plan, workOf(options)) /
        (await finishJob(addon.productSpeed(availableParallelism()), signal))
      : undefined;
    const estimate = estimatePlan(plan, budget, sizeWithoutMixed(metadata, plan));
    const { architecture } = model;
    const layers = new Set(graph.weights.flatMap(({ name }) => /^blk\.\d+\./.exec(name) ?? [])).size;
    const parameters = countParameters(model).totalParameters;
    const calibration = batches === undefined || seconds === undefined ? undefined : { ...batches, seconds };
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ architecture, parameters, layers, ...estimate, calibration })}\n`
        : `${architecture}, ${parameters} parameters, ${layers} layers\n\n${describe(estimate)}${calibration === undefined ? "" : describeCalibration(calibration, length)}`
    );
  } finally {
    await model.close();
  }
}

/** What a conversion with these options does with its samples. */
function workOf(options: ConvertArguments): CalibrationWork {
  const { samples, sequenceLength, calibration = [], search, salience, equalize, method } = options;
  return {
    samples,
    length: sequenceLength,
    generates: calibration.length === 0,
    sought: soughtByLoss({ search, method, salience, budget: budgetOf(options) }),
    equalizes: equalize === "auto",
    quantizes: method === "gptq"
  };
}

function describeCalibration(
  { batchSamples, bytes, seconds }: BatchPlan & { readonly seconds: number },
  length: number
): string {
  return (
    `search and quantization take about ${formatBytes(bytes)} of memory, ${batchSamples} samples of ${length} tokens ` +
    `passing through a layer together, and about ${formatDuration(1000 * seconds)} on this machine\n`
  );
}

function describe({ tensors, bytes, sourceBytes, mixed }: PlanEstimate): string {
  const rows = tensors.map(({ name, shape, type, bytes: size, note }) => [
    name,
    shape.join(" x "),
    type,
    formatBytes(size),
    note ?? ""
  ]);
  const table = formatTable(["tensor", "shape", "stored as", "size", ""], rows, [0, 1, 2, 4]);

  const lines = [
    `tensor data: ${mixed === undefined ? "" : "about "}${formatBytes(bytes)}, from ${formatBytes(sourceBytes)}`
  ];
  if (mixed !== undefined) {
    const { weights, channels8bit, channels, bitsPerWeight, leastBytes, mostBytes } = mixed;
    lines.push(
      `${weights} mixed weights: ${channels8bit} of ${channels} output channels in 8 bits, ` +
        `about ${bitsPerWeight.toFixed(2)} bits per weight`
    );
    if (leastBytes !== mostBytes) {
      lines.push(
        `which channels get 8 bits is decided while converting; the size can come out at ` +
          `${formatBytes(leastBytes)} to ${formatBytes(mostBytes)}`
      );
    }
  }
  return `${table}\n${lines.join("\n")}\n`;
}
