import { Command, Option } from "commander";
import { makePlatformPackage } from "../prebuilt/makePlatformPackage.js";
import { TARGETS } from "../prebuilt/targets.js";

/** `mixllm package`: makes a platform package, with which nothing has to be built where it is installed. */
export function packageCommand(): Command {
  const here = `${process.platform}-${process.arch}`;
  const target = new Option("--target <platform-arch>", "kind of machine to build for").choices(Object.keys(TARGETS));
  return new Command("package")
    .description("Build the CPU runtime for every machine of a kind and pack it for npm, as @mixllm/<platform>-<arch>.")
    .addOption(Object.hasOwn(TARGETS, here) ? target.default(here) : target.makeOptionMandatory())
    .option("-o, --output <directory>", "where the tarball comes to lie", ".")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm package -o packages
  $ npm install mixllm-linux-x64-0.1.0.tgz      beside mixllm, on machines without a compiler

It runs on a C library as old as the one it was built with needs; kinds of CPU are told apart at run time.`
    )
    .action(async (options: { target: string; output: string }) => {
      const { target, output } = options;
      process.stdout.write(`${await makePlatformPackage({ target, outputDirectory: output, quiet: false })}\n`);
    });
}
