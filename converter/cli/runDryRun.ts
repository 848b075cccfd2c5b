import { formatBytes, formatTable } from "../../common/cli/format.js";
import { warn } from "../../common/cli/runCommand.js";
import { countParameters } from "../model/SourceModel.js";
import { openModel } from "../model/openModel.js";
import { FILE_TYPES } from "../output/provenance.js";
import { sizeWithoutMixed } from "../plan/budget.js";
import { estimatePlan, type PlanEstimate } from "../plan/estimatePlan.js";
import { planTensors } from "../plan/planTensors.js";
import { budgetOf, type ConvertArguments } from "./ConvertArguments.js";

/** Shows what a conversion would do. Everything but the weights' values is read and checked; nothing is built. */
export async function runDryRun(source: string, options: ConvertArguments): Promise<void> {
  const model = await openModel(source, { preTokenizer: options.preTokenizer, warn });
  try {
    const budget = budgetOf(options);
    const plan = planTensors(model, { ...options, format: options.type, budget, overrides: options.tensorBits });
    const metadata = await model.metadata(FILE_TYPES[options.type]); // which checks the tokenizer
    const estimate = estimatePlan(plan, budget, sizeWithoutMixed(metadata, plan));
    const { architecture, decoder } = model;
    const parameters = countParameters(model).totalParameters;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ architecture, parameters, layers: decoder.blockCount, ...estimate })}\n`
        : `${architecture}, ${parameters} parameters, ${decoder.blockCount} layers\n\n${describe(estimate)}`
    );
  } finally {
    await model.close();
  }
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
