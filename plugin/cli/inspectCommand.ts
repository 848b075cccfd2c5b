import { Command, InvalidArgumentError } from "commander";
import { printable } from "../../common/cli/format.js";
import { readMixLlmFile } from "../../common/format/readMixLlmFile.js";
import { describeMixLlmFile } from "./describeMixLlmFile.js";
import { exportMixLlmFileView } from "./exportMixLlmFileView.js";

interface Options {
  json?: true;
  output?: string;
}

/** `mixllm inspect`: says how a MixLLM file was made and where its 8-bit channels are. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("Check a MixLLM file and show how it was made and where its 8-bit channels are.")
    .argument("<file>", "a GGUF file made by mixllm-convert")
    .option("--json", "print everything, tensor by tensor, as JSON")
    .option("-o, --output <file>", "also write it as a page (.html), or the map of 8-bit channels (.svg)", viewPath)
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm inspect model.gguf
  $ mixllm inspect model.gguf -o model.html
  $ mixllm inspect model.gguf --json | jq '.tensors[] | select(.channels8bit > 0) | .name'`
    )
    .action(async (file: string, options: Options) => {
      const { header, info } = await readMixLlmFile(file);
      if (options.output !== undefined) await exportMixLlmFileView(options.output, file, header, info);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(info)}\n` : printable(describeMixLlmFile(file, header, info))
      );
    });
}

function viewPath(text: string): string {
  if (!/\.(?:html|svg)$/.test(text)) throw new InvalidArgumentError("expected a name that ends in .html or .svg");
  return text;
}
