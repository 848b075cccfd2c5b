import { spawn } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import chalk from "chalk";
import { Command } from "commander";
import type { Llama } from "node-llama-cpp";
import { formatBytes } from "../../common/cli/format.js";
import { runCommand } from "../../common/cli/runCommand.js";
import { getMixLlama } from "../api/getMixLlama.js";
import { inspectMixLlmFile } from "../api/mixLlmFiles.js";
import { MixLlmError } from "../../common/errors.js";
import { cacheDirectory } from "../runtime/buildCache.js";
import { packageRoot } from "../../common/package.js";

const PROMPT = "# Getting started\n\nTo install the package, run";
const MAX_TOKENS = 120;
const SEED = 7;

await runCommand(
  new Command("demo")
    .description("Converts the bundled demo model to MixLLM, loads it through node-llama-cpp and lets it write.")
    .action(demo)
);

async function demo(): Promise<void> {
  // First of all, so that the one long step (building the runtime) has its own progress.
  const llama = await getMixLlama({ gpu: false });
  try {
    const source = path.join(packageRoot, "models", "demo");
    const folder = path.join(cacheDirectory(), "demo");
    await mkdir(folder, { recursive: true });
    const mixed = path.join(folder, "demo.mixllm.gguf");
    const stock = path.join(folder, "demo.f16.gguf");

    heading("1. Convert models/demo, a small Llama, to MixLLM, and to F16 for comparison");
    // A model this small needs few samples of itself; the default is for real ones.
    await convert(source, "-o", mixed, "--samples", "16", "--sequence-length", "256");
    await convert(source, "-o", stock, "--type", "f16");

    heading("2. What came of it");
    await compareSizes(mixed, stock);

    heading("3. Load it through node-llama-cpp and let it write");
    await write(llama, mixed);
  } finally {
    await llama.dispose();
  }

  heading("Next");
  process.stdout.write(
    [
      "npx mixllm-convert ./your-model -o your-model.gguf   convert a model you downloaded from Hugging Face",
      "npx mixllm inspect your-model.gguf                   see where its 8-bit channels are",
      "npx mixllm-bench --help                              measure its quality and speed",
      'import { getMixLlama } from "mixllm"                 load it in your app; see README.md'
    ]
      .map((line) => `  ${line}\n`)
      .join("")
  );
}

function heading(text: string): void {
  process.stdout.write(`\n${chalk.bold(text)}\n`);
}

/** Runs `mixllm-convert` as a user would. */
async function convert(...args: string[]): Promise<void> {
  const program = fileURLToPath(new URL("../../converter/cli/mixllmConvert.js", import.meta.url));
  process.stdout.write(chalk.dim(`$ mixllm-convert ${args.map((arg) => displayPath(arg)).join(" ")}\n`));
  const child = spawn(process.execPath, [program, ...args, "--force"], { stdio: "inherit" });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new MixLlmError("mixllm-convert did not convert the demo model; its message is above");
}

function displayPath(argument: string): string {
  const relative = path.relative(process.cwd(), argument);
  return path.isAbsolute(argument) && !relative.startsWith("..") ? relative : argument;
}

async function compareSizes(mixed: string, stock: string): Promise<void> {
  const info = await inspectMixLlmFile(mixed);
  const weights = info.tensors.reduce((sum, tensor) => sum + tensor.outputChannels * tensor.inputChannels, 0);
  const mixedBytes = (weights * info.bitsPerWeight) / 8;
  process.stdout.write(
    `  decoder weights  ${formatBytes(weights * 2)} in F16, ${formatBytes(mixedBytes)} in MixLLM ` +
      `(${info.bitsPerWeight.toFixed(2)} bits each, ${info.percent8bit.toFixed(0)} % of channels in 8 bits)\n` +
      `  whole file       ${formatBytes((await stat(stock)).size)} in F16, ${formatBytes((await stat(mixed)).size)} in MixLLM ` +
      "(a small model's embedding weighs much)\n"
  );
}

async function write(llama: Llama, file: string): Promise<void> {
  const { LlamaCompletion } = await import("node-llama-cpp");
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512 });
  const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
  let tokens = 0;
  let firstTokenAt = 0;
  process.stdout.write(chalk.dim(PROMPT));
  await completion.generateCompletion(PROMPT, {
    maxTokens: MAX_TOKENS,
    temperature: 0.7,
    seed: SEED,
    onTextChunk: (text) => void process.stdout.write(text),
    onToken: (chunk) => {
      if (tokens === 0) firstTokenAt = performance.now();
      tokens += chunk.length;
    }
  });
  const seconds = (performance.now() - firstTokenAt) / 1000;
  process.stdout.write(
    chalk.dim(`\n\n  ${tokens} tokens, ${((tokens - 1) / seconds).toFixed(0)} tokens/s on the CPU\n`)
  );
  await model.dispose();
}
