import { Command, Option } from "commander";
import { packageVersion } from "../../common/package.js";
import { makePlatformPackage } from "../prebuilt/makePlatformPackage.js";
import { TARGETS } from "../prebuilt/targets.js";

/** `mixllm package`: makes a platform package, with which nothing has to be built where it is installed. */
export function packageCommand(): Command {
  const here = `${process.platform}-${process.arch}`;
  const crossPackages = Object.entries(TARGETS).flatMap(([name, { cross }]) =>
    name === here || cross === undefined ? [] : [`${cross.debianPackage} for ${name}`]
  );
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
  $ npm install packages/mixllm-linux-x64-${packageVersion}.tgz     beside mixllm, on machines without a compiler

mixllm uses it when both are made of the same sources. On Linux it runs where the C and C++ libraries are not older than it
needs, as its runtime.json says; kinds of CPU are told apart at run time. For another kind of machine it takes Debian's
cross compiler: ${crossPackages.join(", ")}.
Packages for macOS are made on a Mac, of either kind; this is untested.`
    )
    .action(async (options: { target: string; output: string }) => {
      const { target, output } = options;
      process.stdout.write(`${await makePlatformPackage({ target, outputDirectory: output, quiet: false })}\n`);
    });
}
