#!/usr/bin/env node
import { Command } from "commander";
import { runCommand } from "../../common/cli/runCommand.js";
import { compareCommand } from "./compareCommand.js";
import { kernelsCommand } from "./kernelsCommand.js";
import { qualityCommand } from "./qualityCommand.js";
import { reportCommand } from "./reportCommand.js";
import { speedCommand } from "./speedCommand.js";
import { synthesizeCommand } from "./synthesizeCommand.js";

await runCommand(
  new Command("mixllm-bench")
    .description("Measures quality and speed of GGUF models, MixLLM and stock ones alike.")
    .addCommand(compareCommand())
    .addCommand(kernelsCommand())
    .addCommand(qualityCommand())
    .addCommand(reportCommand())
    .addCommand(speedCommand())
    .addCommand(synthesizeCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm-bench compare ./Llama-3.2-1B-Instruct --text wiki.txt     MixLLM beside stock quantizations
  $ mixllm-bench quality --model m.gguf --reference f16.gguf --text wiki.txt
  $ mixllm-bench speed --model m.gguf --model q4_k_m.gguf            taking turns`
    )
);
