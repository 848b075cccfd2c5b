import { expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { assertMixLlamaOptions } from "./MixLlamaOptions.js";

test("takes every option of getMixLlama, and undefined for any of them", () => {
  const options = {
    gpu: "auto",
    build: "never",
    progressLogs: "stderr",
    logLevel: "warn",
    logger: () => undefined,
    rpc: ["192.168.1.20:50052", "kitchen:1"],
    maxThreads: 0,
    vramPadding: 0,
    ramPadding: (total: number) => total / 4,
    debug: false,
    numa: "distribute",
    dryRun: true,
    experimental: {}
  };
  expect(() => assertMixLlamaOptions({})).not.toThrow();
  expect(() => assertMixLlamaOptions(options)).not.toThrow();
  for (const name of Object.keys(options)) expect(() => assertMixLlamaOptions({ [name]: undefined })).not.toThrow();
});

test.each([
  [{ maxThread: 4 }, 'getMixLlama has no option "maxThread"'],
  [{ toString: 1 }, 'getMixLlama has no option "toString"'],
  [{ cmakeOptions: {} }, 'getMixLlama has no option "cmakeOptions": the runtime\'s build options are fixed'],
  [{ usePrebuiltBinaries: true }, "stock binaries cannot run MixLLM files"],
  [{ gpu: "vulkan" }, '"gpu" of getMixLlama takes "auto", "cuda", false and received "vulkan"'],
  [{ gpu: true }, '"gpu" of getMixLlama takes "auto", "cuda", false and received true'],
  [{ build: "forceRebuild" }, '"build" of getMixLlama takes "auto", "never" and received "forceRebuild"'],
  [{ logLevel: "verbose" }, 'received "verbose"'],
  [{ maxThreads: -1 }, '"maxThreads" of getMixLlama takes a whole number of threads, or 0 for no limit'],
  [{ maxThreads: Number.NaN }, '"maxThreads"'],
  [{ logger: "console" }, '"logger" of getMixLlama takes a function and received "console"'],
  [{ rpc: "kitchen:1" }, '"rpc" of getMixLlama takes a list of servers, each as "host:port" and received "kitchen:1"'],
  [{ rpc: ["kitchen"] }, '"rpc"'],
  [{ rpc: ["kitchen:70000"] }, '"rpc"'],
  ["lastBuild", 'takes an object of options and received "lastBuild"']
])("refuses %j and says why", (options, problem) => {
  expect(() => assertMixLlamaOptions(options)).toThrow(InvalidInputError);
  expect(() => assertMixLlamaOptions(options)).toThrow(problem);
});

test("lists the options for a misspelt one", () => {
  expect(() => assertMixLlamaOptions({ loglevel: "warn" })).toThrow(
    expect.objectContaining({ fix: expect.stringContaining("logLevel") as unknown })
  );
});
