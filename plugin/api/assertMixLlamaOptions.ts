import type { LlamaLogLevel } from "node-llama-cpp";
import { assertOptions } from "./assertOptions.js";
import type { MixLlamaOptions } from "./MixLlamaOptions.js";
import { oneOf, ofType, type OptionCheck } from "./OptionCheck.js";

/** A record, so that the compiler tells when node-llama-cpp's levels change; its values would import the whole module. */
const LOG_LEVELS: Readonly<Record<`${LlamaLogLevel}`, true>> = {
  disabled: true,
  fatal: true,
  error: true,
  warn: true,
  info: true,
  log: true,
  debug: true
};

const CHECKS: Readonly<Record<keyof MixLlamaOptions, OptionCheck>> = {
  gpu: oneOf("auto", "cuda", false),
  build: oneOf("auto", "never"),
  progressLogs: oneOf(true, false, "stderr"),
  logLevel: oneOf(...Object.keys(LOG_LEVELS)),
  logger: ofType("function"),
  maxThreads: {
    expected: "a whole number of threads, or 0 for no limit",
    accepts: (value) => typeof value === "number" && Number.isInteger(value) && value >= 0
  },
  vramPadding: ofType("number", "function"),
  ramPadding: ofType("number", "function"),
  debug: oneOf(true, false),
  numa: oneOf(false, "distribute", "isolate", "numactl", "mirror"),
  dryRun: oneOf(true, false),
  experimental: ofType("object")
};

/** Options that `getLlama` has and `getMixLlama` cannot have, with the reason. */
const INAPPLICABLE: Readonly<Record<string, string>> = {
  cmakeOptions: "the runtime's build options are fixed",
  usePrebuiltBinaries: "stock binaries cannot run MixLLM files",
  existingPrebuiltBinaryMustMatchBuildOptions: "stock binaries cannot run MixLLM files",
  skipDownload: "building the runtime downloads nothing"
};

/**
 * Checks the options of `getMixLlama`.
 *
 * @throws {InvalidInputError} names the option and what it may be
 */
export function assertMixLlamaOptions(options: unknown): asserts options is MixLlamaOptions {
  assertOptions("getMixLlama", options, CHECKS, INAPPLICABLE);
}
