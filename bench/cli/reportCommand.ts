import { dirname } from "node:path";
import { Command, Option } from "commander";
import { pathOption } from "../../common/cli/options.js";
import { COMPARISON_FORMATS, formatComparison } from "../compare/formatComparison.js";
import { readComparison } from "../report/readComparison.js";
import { writeReport } from "../report/writeReport.js";

interface Options {
  output?: string;
  format: (typeof COMPARISON_FORMATS)[number];
}

export function reportCommand(): Command {
  return new Command("report")
    .description("Write the report of a comparison once more, without measuring anything.")
    .argument("<comparison.json>", "the file that compare has written into its output folder")
    .option("-o, --output <folder>", "where the report goes (default: beside the comparison)", pathOption)
    .addOption(new Option("--format <format>", "what to print").choices(COMPARISON_FORMATS).default("table"))
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm-bench report demo-comparison/comparison.json
  $ mixllm-bench report demo-comparison/comparison.json -o report --format csv > demo.csv`
    )
    .action(async (path: string, { output, format }: Options) => {
      const comparison = await readComparison(path);
      process.stderr.write(`wrote ${await writeReport(comparison, output ?? dirname(path))}\n`);
      process.stdout.write(formatComparison(comparison, format));
    });
}
