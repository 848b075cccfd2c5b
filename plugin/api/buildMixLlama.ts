import { ensureRuntime, type Runtime } from "../runtime/ensureRuntime.js";
import { findRuntime } from "../runtime/findRuntime.js";
import { resolveRuntimeGpu } from "../runtime/RuntimeGpu.js";
import { assertOptions, oneOf, type OptionCheck } from "./options.js";

/** Options of `buildMixLlama`. */
export interface BuildMixLlamaOptions {
  /** What to build for, as for `getMixLlama`. `"auto"` by default. */
  gpu?: "auto" | "cuda" | false;
  /** Build from scratch even when a finished build or a platform package is there. `false` by default. */
  force?: boolean;
  /** Show progress on stderr. `true` by default. */
  progressLogs?: boolean | "stderr";
}

const CHECKS: Readonly<Record<keyof BuildMixLlamaOptions, OptionCheck>> = {
  gpu: oneOf("auto", "cuda", false),
  force: oneOf(true, false),
  progressLogs: oneOf(true, false, "stderr")
};

/**
 * Builds the runtime for this machine ahead of time, so that a later `getMixLlama` starts at once. Does nothing when it is already
 * there, here or in a platform package.
 *
 * @returns the finished build
 * @throws the same errors as `getMixLlama` does until it loads the build
 */
export async function buildMixLlama(options: BuildMixLlamaOptions = {}): Promise<Runtime> {
  assertOptions("buildMixLlama", options, CHECKS);
  const gpu = await resolveRuntimeGpu(options.gpu ?? "auto");
  const quiet = options.progressLogs === false;
  return options.force === true
    ? ensureRuntime({ gpu, force: true, quiet })
    : findRuntime({ gpu, build: "auto", quiet });
}
