#!/usr/bin/env node
import { Command } from "commander";
import { runCommand } from "../../cli/runCommand.js";
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
);
