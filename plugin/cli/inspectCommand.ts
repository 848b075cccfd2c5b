import { Command } from "commander";
import { readMixLlmFile } from "../format/readMixLlmFile.js";
import { describeMixLlmFile } from "./describeMixLlmFile.js";

/** `mixllm inspect`: says how a MixLLM file was made and where its 8-bit channels are. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("Check a MixLLM file and show how it was made and where its 8-bit channels are.")
    .argument("<file>", "a GGUF file made by mixllm-convert")
    .option("--json", "print everything, tensor by tensor, as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm inspect model.gguf
  $ mixllm inspect model.gguf --json | jq '.tensors[] | select(.features8bit > 0) | .name'`
    )
    .action(async (file: string, options: { json: boolean }) => {
      const { header, info } = await readMixLlmFile(file);
      process.stdout.write(options.json ? `${JSON.stringify(info)}\n` : describeMixLlmFile(file, header, info));
    });
}
