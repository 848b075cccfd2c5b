import path from "node:path";
import envPaths from "env-paths";

/**
 * Where runtimes are built and kept: `MIXLLM_CACHE_DIR`, or the operating system's cache folder for `mixllm`
 * (`~/.cache/mixllm` on Linux).
 */
export function cacheDirectory(): string {
  const override = process.env["MIXLLM_CACHE_DIR"];
  return override === undefined || override === "" ? envPaths("mixllm", { suffix: "" }).cache : path.resolve(override);
}
