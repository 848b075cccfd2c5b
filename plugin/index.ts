/**
 * MixLLM for node-llama-cpp: a `Llama` that loads MixLLM files, and what one needs to manage them.
 *
 * @module
 */
export { buildMixLlama } from "./api/buildMixLlama.js";
export type { BuildMixLlamaOptions } from "./api/buildMixLlama.js";
export { getMixLlama } from "./api/getMixLlama.js";
export type { MixLlamaOptions } from "./api/MixLlamaOptions.js";
export { inspectMixLlmFile } from "./api/mixLlmFiles.js";
export { isMixLlmFile } from "./api/mixLlmFiles.js";
export type { MixLlmFileInfo } from "../common/format/MixLlmFileInfo.js";
export type { MixLlmTensor } from "../common/format/MixLlmTensor.js";
export type { Runtime } from "./runtime/ensureRuntime.js";
export type { RuntimeGpu } from "./runtime/RuntimeGpu.js";
export {
  CorruptFileError,
  InvalidInputError,
  MixLlmError,
  NotGgufFileError,
  NotMixLlmFileError
} from "../common/errors.js";
export {
  CacheDirectoryError,
  ConflictingRuntimeError,
  MissingBuildToolsError,
  MissingGpuError,
  NodeLlamaCppVersionError,
  NoKernelsForGpuError,
  RpcServerError,
  RuntimeBuildError,
  RuntimeLoadError,
  RuntimeNotBuiltError
} from "./errors.js";
