import { Command } from "commander";
import { formatBytes } from "../../cli/formatBytes.js";
import { formatSpeed } from "../speed/formatSpeed.js";
import { measureSpeed } from "../speed/measureSpeed.js";
import { untilInterrupted } from "../../cli/untilInterrupted.js";
import { integerOption } from "./integerOption.js";
import { withProgress } from "./withProgress.js";

interface Options {
  model: string[];
  prompt: number;
  generate: number;
  threads?: number;
  repeat: number;
  json?: true;
}

export function speedCommand(): Command {
  return new Command("speed")
    .description("measure how fast models process a prompt and generate, taking turns")
    .requiredOption("--model <gguf>", "model to measure; give it once for each", (path, before: string[] = []) => [
      ...before,
      path
    ])
    .option("--prompt <tokens>", "length of the prompt, 0 to leave it out", integerOption(0), 512)
    .option("--generate <tokens>", "tokens to generate, 0 to leave it out", integerOption(0), 64)
    .option("--threads <count>", "threads to compute with (default: all)", integerOption(1))
    .option("--repeat <count>", "rounds", integerOption(1), 5)
    .option("--json", "print one JSON array")
    .action((options: Options) => untilInterrupted((signal) => run(options, signal)));
}

async function run({ model, json, ...options }: Options, signal: AbortSignal): Promise<void> {
  let result = "";
  await withProgress("measuring speed", async (loadAddon, update) => {
    const report = await measureSpeed(loadAddon, {
      ...options,
      models: model,
      signal,
      onProgress: (done, total, step) => update(done / total, step),
      onTooLargeForMemory: (modelBytes, freeBytes) =>
        process.stderr.write(
          `warning: the models take ${formatBytes(modelBytes)} and ${formatBytes(freeBytes)} of memory are free: ` +
            "they may be read from disk again and again\n"
        )
    });
    const figures = report.models.flatMap((entry) => entry.figures);
    result = json === true ? `${JSON.stringify(figures)}\n` : formatSpeed(report);
    return "measured speed";
  });
  process.stdout.write(result);
}
