import path from "node:path";
import { assertCanWrite } from "../../common/files/destination.js";
import { formatBytes } from "../../common/cli/format.js";
import { Progress } from "../../common/cli/Progress.js";
import { InvalidInputError } from "../../common/errors.js";
import { resolveRuntimeGpu } from "../../plugin/runtime/RuntimeGpu.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import { FEW_TOKENS, type ConversionSummary, type SparseExpert } from "../ConversionSummary.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { fetchSource } from "../hub/fetchSource.js";
import { isHubUri } from "../hub/HubSource.js";
import { convertModel, type ConversionStep } from "../convertModel.js";
import { convertModelOptions, type ConvertArguments } from "./ConvertArguments.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { warn } from "../../common/cli/runCommand.js";

/** Converts a model as the command line asks and reports the result. */
export async function runConversion(source: string, options: ConvertArguments): Promise<void> {
  const { output } = options;
  if (output === undefined) {
    throw new InvalidInputError("no file to write was given", {
      fix: "Name it with -o FILE, or add --dry-run to see the plan only."
    });
  }
  // It is written after the search, which can take hours, or read if it is there.
  if (options.salience !== undefined) await assertCanWrite(options.salience, { overwrite: true });
  const quiet = options.quiet === true;
  const gpu = await resolveRuntimeGpu(options.gpu);
  if (isHubUri(source)) await assertCanWrite(output, { overwrite: options.force === true }); // before gigabytes come
  const steps = new Steps(path.basename(output), quiet);
  const work = async (signal: AbortSignal): Promise<ConversionSummary> => {
    const model = await fetchSource(source, { endpoint: options.endpoint, quiet, signal });
    return convertModel(convertModelOptions(options, model, output, gpu), {
      loadAddon: () => loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet, gpu }),
      warn,
      progress: (step, fraction, detail) => steps.update(step, fraction, detail),
      signal
    });
  };
  const summary = await untilInterrupted(work, () => {
    steps.fail();
    warn("interrupted; the same command goes on after the last finished step");
  }).catch((error: unknown) => {
    steps.fail();
    throw error;
  });
  if (summary === undefined) return;
  steps.succeed(`Wrote ${output}`);
  process.stdout.write(options.json === true ? `${JSON.stringify(summary)}\n` : describe(summary));
}

/** One progress line a step of the conversion. */
class Steps {
  readonly #file: string;
  readonly #quiet: boolean;
  #name: ConversionStep | undefined;
  #progress: Progress | undefined;

  constructor(file: string, quiet: boolean) {
    this.#file = file;
    this.#quiet = quiet;
  }

  update(name: ConversionStep, fraction: number | undefined, detail: string): void {
    if (name !== this.#name) {
      this.#progress?.succeed();
      const labels = {
        prepare: "Checking the weights",
        sample: "Taking calibration samples",
        rank: "Ranking output channels",
        equalize: "Equalizing activations",
        write: `Quantizing and writing ${this.#file}`
      };
      const label = labels[name];
      this.#progress = new Progress(label, { quiet: this.#quiet });
      this.#name = name;
    }
    this.#progress?.update(fraction, detail);
  }

  succeed(summary: string): void {
    this.#progress?.succeed(summary);
  }

  fail(): void {
    this.#progress?.fail();
  }
}

function describe({ output, bytes, format, mixed, stock }: ConversionSummary): string {
  const lines = [`${output}: ${formatBytes(bytes)}`];
  if (mixed === undefined) lines[0] += `, ${format.toUpperCase()}`;
  else {
    const { percent8bit, bitsPerWeight, method, weights } = mixed;
    lines[0] += `, MixLLM (${method}), ${weights.length} weights at ${bitsPerWeight.toFixed(2)} bits per weight`;
    lines.push(`${percent8bit.toFixed(1)} % of their output channels have 8 bits, the others 4`);
    if (mixed.device !== undefined) lines.push(`computed on ${mixed.device}`);
    if (mixed.sparseExperts !== undefined) lines.push(...describeSparse(mixed.sparseExperts));
  }
  for (const { name, type, note } of stock) if (note !== undefined) lines.push(`${name} stays ${type}: ${note}`);
  return `${lines.join("\n")}\n`;
}

/** One line a layer. */
function describeSparse(experts: readonly SparseExpert[]): string[] {
  const layers = [...new Set(experts.map(({ layer }) => layer))];
  return [
    `${experts.length} experts were chosen for fewer than ${FEW_TOKENS} calibration tokens and go by their layers' ` +
      "others the more; more --samples may help:",
    ...layers.map((layer) => {
      const own = experts.filter((each) => each.layer === layer);
      return `  layer ${layer}: ${own.map(({ expert, tokens }) => `expert ${expert} (${tokens})`).join(", ")}`;
    })
  ];
}
