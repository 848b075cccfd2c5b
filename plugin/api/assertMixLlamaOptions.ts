import type { LlamaLogLevel } from "node-llama-cpp";
import { InvalidInputError } from "../errors/InvalidInputError.js";
import type { MixLlamaOptions } from "./MixLlamaOptions.js";

type Check = { expected: string; accepts: (value: unknown) => boolean };

const oneOf = (...values: unknown[]): Check => ({
  expected: values.map((value) => JSON.stringify(value)).join(", "),
  accepts: (value) => values.includes(value)
});
const ofType = (...types: string[]): Check => ({
  expected: `a ${types.join(" or a ")}`,
  accepts: (value) => types.includes(typeof value)
});

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

const CHECKS: Readonly<Record<keyof MixLlamaOptions, Check>> = {
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
 * Checks the options of `getMixLlama`, so that a misspelt one does not silently do nothing.
 *
 * @throws {InvalidInputError} names the option and what it may be
 */
export function assertMixLlamaOptions(options: unknown): asserts options is MixLlamaOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new InvalidInputError(`getMixLlama takes an object of options and received ${JSON.stringify(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const reason = INAPPLICABLE[name];
    if (reason !== undefined)
      throw new InvalidInputError(`getMixLlama has no option "${name}": ${reason}`, { fix: "Leave the option out." });
    if (!Object.hasOwn(CHECKS, name))
      throw new InvalidInputError(`getMixLlama has no option "${name}"`, {
        fix: `Its options are ${Object.keys(CHECKS).join(", ")}.`
      });
    const check = CHECKS[name as keyof MixLlamaOptions];
    if (value !== undefined && !check.accepts(value))
      throw new InvalidInputError(
        `The option "${name}" of getMixLlama takes ${check.expected} and received ${describe(value)}`
      );
  }
}

function describe(value: unknown): string {
  return typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
}
