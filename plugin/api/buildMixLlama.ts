import { InvalidInputError } from "../errors/InvalidInputError.js";
import { ensureRuntime } from "../runtime/ensureRuntime.js";
import { linkIntoNodeLlamaCpp } from "../runtime/linkIntoNodeLlamaCpp.js";
import { resolveRuntimeGpu } from "../runtime/resolveRuntimeGpu.js";
import type { Runtime } from "../runtime/Runtime.js";
import type { BuildMixLlamaOptions } from "./BuildMixLlamaOptions.js";

const OPTIONS: readonly string[] = ["gpu", "force", "progressLogs"] satisfies (keyof BuildMixLlamaOptions)[];

/**
 * Builds the runtime for this machine ahead of time and makes it known to node-llama-cpp, so that a later `getMixLlama` starts at once. Does
 * nothing when it is already there.
 *
 * @returns the finished build
 * @throws the same errors as `getMixLlama` does until it loads the build
 */
export async function buildMixLlama(options: BuildMixLlamaOptions = {}): Promise<Runtime> {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined)
    throw new InvalidInputError(`buildMixLlama has no option "${unknown}"`, {
      fix: `Its options are ${OPTIONS.join(", ")}.`
    });
  if (options.gpu !== undefined && options.gpu !== "auto" && options.gpu !== "cuda" && options.gpu !== false)
    throw new InvalidInputError(
      `The option "gpu" of buildMixLlama takes "auto", "cuda" or false and received ${JSON.stringify(options.gpu)}`
    );
  const runtime = await ensureRuntime({
    gpu: await resolveRuntimeGpu(options.gpu ?? "auto"),
    force: options.force ?? false,
    quiet: options.progressLogs === false
  });
  await linkIntoNodeLlamaCpp(runtime);
  return runtime;
}
