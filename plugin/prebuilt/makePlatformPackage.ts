import { MixLlmError } from "../../common/errors.js";
import { findProgram } from "../../common/processes.js";
import { MissingBuildToolsError } from "../errors.js";
import { assertBuildTools } from "../runtime/assertBuildTools.js";
import { buildRuntime } from "../runtime/buildRuntime.js";
import { describePortableRuntime, type RuntimeDescription } from "../runtime/describeRuntime.js";
import { ensureBuild } from "../runtime/ensureBuild.js";
import { packRuntime } from "./packRuntime.js";
import { TARGETS } from "./targets.js";

/**
 * Builds the runtime for every machine of a kind and packs it as `@mixllm/<target>`.
 *
 * @param options.target name of the kind of machine, one of `TARGETS`
 * @param options.outputDirectory folder in which the tarball comes to lie, which is made when it is not there
 * @returns path of the tarball
 * @throws what `ensureRuntime` throws
 * @throws {MixLlmError} only machines of that kind can build it and this is none, or npm cannot pack it
 */
export async function makePlatformPackage(options: {
  target: string;
  outputDirectory: string;
  quiet: boolean;
}): Promise<string> {
  const target = TARGETS[options.target];
  if (target === undefined) throw new TypeError(`there is no target ${options.target}`);
  const { cross } = target;
  if (cross === undefined && target.platform !== process.platform)
    throw new MixLlmError(
      `@mixllm/${options.target} can only be built on a Mac, and this is ${process.platform} ${process.arch}: ` +
        "the headers and libraries of macOS come with Apple's tools, which run nowhere else",
      { fix: `Run \`npx mixllm package --target ${options.target}\` on a Mac, of either kind.` }
    );
  const { description, directory } = await ensureBuild<RuntimeDescription>(
    {
      describe: () => describePortableRuntime(target),
      assertBuildable: async ({ title, cmakeOptions }) => {
        await assertBuildTools(title, ["compiler", "cmake", "make", "git"], false);
        const compiler = cmakeOptions["CMAKE_CXX_COMPILER"];
        if (cross !== undefined && compiler !== undefined && (await findProgram(compiler)) === undefined)
          throw new MissingBuildToolsError(title, [`${compiler} (Debian's ${cross.debianPackage})`], undefined);
      },
      build: buildRuntime
    },
    options
  );
  return packRuntime({ target, description, directory, outputDirectory: options.outputDirectory });
}
