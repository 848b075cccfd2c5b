import { availableParallelism } from "node:os";
import { Command } from "commander";
import { integerOption, MAX_ROUNDS, MAX_TOKENS, listOption } from "../../common/cli/options.js";
import { formatBytes } from "../../common/cli/format.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { warn } from "../../common/cli/runCommand.js";
import { measureFootprints, startLengths } from "../footprint/measureFootprints.js";
import { formatSpeed, speedJson } from "../speed/formatSpeed.js";
import { measureSpeed } from "../speed/measureSpeed.js";
import { type DeviceOptions, gpuLayersOption, placeLayers, rpcOption, threadsOption } from "./options.js";
import { withProgress } from "./withProgress.js";

interface Options extends DeviceOptions {
  model: string[];
  prompt: number[];
  generate: number[];
  depth: number[];
  threads?: number;
  repeat: number;
  starts: number;
  json?: true;
}

export function speedCommand(): Command {
  return new Command("speed")
    .description("Measure how fast models process a prompt and generate, taking turns, and what starting them takes.")
    .requiredOption(
      "--model <gguf>",
      "(required) model to measure; give it once for each",
      (path, before: string[] = []) => [...before, path]
    )
    .addOption(
      listOption("--prompt <tokens>", "lengths of prompts, 0 to leave them out", integerOption(0, MAX_TOKENS), "512")
    )
    .addOption(
      listOption("--generate <tokens>", "tokens to generate, 0 to leave it out", integerOption(0, MAX_TOKENS), "64")
    )
    .addOption(listOption("--depth <tokens>", "tokens already in the KV cache", integerOption(0, MAX_TOKENS), "0"))
    .addOption(threadsOption())
    .addOption(gpuLayersOption())
    .addOption(rpcOption())
    .option("--repeat <count>", "rounds of each test", integerOption(1, MAX_ROUNDS), 5)
    .option(
      "--starts <count>",
      "how often to start each model for load time, first token, memory",
      integerOption(0, MAX_ROUNDS),
      3
    )
    .option("--json", "print one JSON array, an entry a model and test")
    .addHelpText(
      "after",
      `
Lists are separated by commas. Tests are named as llama-bench names them: pp512 is a prompt of 512 tokens, tg64
the generation of 64, tg64 @ d4096 the same behind 4096 tokens. All models stay loaded at once.
Starts are timed in fresh processes, the file memory-mapped and in the page cache; with --rpc they are left out.

Examples:
  $ mixllm-bench speed --model mixed.gguf --model q4_k_m.gguf
  $ mixllm-bench speed --model mixed.gguf --prompt 128,512 --generate 64 --depth 0,512,4096
  $ mixllm-bench speed --model mixed.gguf --gpu-layers 99 --starts 0 --json
  $ mixllm-bench speed --model mixed.gguf --rpc 192.168.1.20:50052,192.168.1.21:50052`
    )
    .action((options: Options) => untilInterrupted((signal) => run(options, signal)));
}

async function run({ model, json, rpc = [], ...options }: Options, signal: AbortSignal): Promise<void> {
  const { depth, threads = availableParallelism() } = options;
  const { gpuLayers, devices } = placeLayers({ ...options, rpc });
  // A server serves one process at a time, and starts are timed in processes of their own.
  const starts = rpc.length > 0 ? 0 : options.starts;
  /** Share of the progress that the starts get. */
  const startsShare = starts / (starts + options.repeat * depth.length);
  let result = "";
  await withProgress(
    "measuring speed",
    async (loadAddon, { update }) => {
      const report = await measureSpeed(loadAddon, {
        ...options,
        threads,
        gpuLayers,
        models: model,
        signal,
        onProgress: (done, total, step) => update((1 - startsShare) * (done / total), step),
        onTooLargeForMemory: (modelBytes, freeBytes) =>
          warn(
            `the models take ${formatBytes(modelBytes)} and ${formatBytes(freeBytes)} of memory are free: ` +
              "they may be read from disk again and again"
          )
      });
      const footprints =
        starts === 0
          ? []
          : await measureFootprints(model, {
              ...startLengths(options),
              threads,
              gpuLayers,
              starts,
              signal,
              onProgress: (done, total, step) => update(1 - startsShare + startsShare * (done / total), step)
            });
      result = json === true ? `${JSON.stringify(speedJson(report, footprints))}\n` : formatSpeed(report, footprints);
      return "measured speed";
    },
    devices
  );
  process.stdout.write(result);
}
