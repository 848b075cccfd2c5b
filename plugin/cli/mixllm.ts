#!/usr/bin/env node
import { Command } from "commander";
import { runCommand } from "../../common/cli/runCommand.js";
import { buildCommand } from "./buildCommand.js";
import { doctorCommand } from "./doctorCommand.js";
import { inspectCommand } from "./inspectCommand.js";
import { packageCommand } from "./packageCommand.js";
import { rpcServerCommand } from "./rpcServerCommand.js";
import { runAppCommand } from "./runAppCommand.js";

await runCommand(
  new Command("mixllm")
    .description("Builds the MixLLM runtime for node-llama-cpp, runs apps on it and inspects MixLLM files.")
    .enablePositionalOptions()
    .addCommand(buildCommand())
    .addCommand(doctorCommand())
    .addCommand(inspectCommand())
    .addCommand(runAppCommand())
    .addCommand(packageCommand())
    .addCommand(rpcServerCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm doctor                 what this machine can do, and what is missing
  $ mixllm build                  build the runtime now instead of on first use
  $ mixllm inspect model.gguf     how a MixLLM file was made
  $ mixllm run -- node app.js     let an app that knows nothing of MixLLM run its files
  $ mixllm rpc-server             let models on other machines use this one

Models are converted by mixllm-convert and measured by mixllm-bench.

Environment:
  MIXLLM_CACHE_DIR     where runtimes are built and kept
  MIXLLM_CPU_TILE=0    leave CPU weights in the mapped file, which processes share, and generate more slowly
  MIXLLM_UPSTREAM_PATCHES=0
                       build llama.cpp without the changes that have nothing to do with MixLLM
  MIXLLM_CPU_ISA       compute with a lesser instruction set: avx512-vnni, avx-vnni, avx2, neon-i8mm, neon-dotprod or
                       portable
  MIXLLM_DEBUG=1       end with a stack trace where an error is told in one line otherwise; for all three commands`
    )
);
