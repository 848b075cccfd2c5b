import { createRequire } from "node:module";
import path from "node:path";
import { RuntimeLoadError } from "../errors.js";
import { assertNoConflictingRuntime } from "./conflictingRuntime.js";
import { ensureRuntime } from "./ensureRuntime.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

const require = createRequire(import.meta.url);

/**
 * Loads one of this package's own native addons, building its runtime first when there is none yet (minutes, with
 * progress on stderr).
 *
 * @param name name of the addon as its CMakeLists.txt gives it to `mixllm_add_addon`
 * @param options.quiet shows no progress
 * @param options.gpu takes the runtime for that GPU, not the one for the CPU
 * @returns the addon's exports
 * @throws {MissingBuildToolsError} the runtime has to be built and a tool for that is missing
 * @throws {RuntimeBuildError} the build failed; the error points to its log
 * @throws {ConflictingRuntimeError} another build of the runtime is already loaded in this process
 * @throws {RuntimeLoadError} the addon is there but cannot be loaded
 */
export async function loadNativeAddon<T>(
  name: "mixllm-converter" | "mixllm-bench",
  options: { quiet?: boolean; gpu?: RuntimeGpu } = {}
): Promise<T> {
  const runtime = await ensureRuntime({ gpu: options.gpu ?? false, quiet: options.quiet ?? false });
  await assertNoConflictingRuntime(runtime.binaryDirectory);
  const file = path.join(runtime.binaryDirectory, `${name}.node`);
  try {
    return require(file) as T;
  } catch (error) {
    throw new RuntimeLoadError(file, error);
  }
}
