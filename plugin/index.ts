/**
 * MixLLM for node-llama-cpp: a `Llama` that loads MixLLM files, and what one needs to manage them.
 *
 * @module
 */
export { buildMixLlama } from "./api/buildMixLlama.js";
export type { BuildMixLlamaOptions } from "./api/BuildMixLlamaOptions.js";
export { getMixLlama } from "./api/getMixLlama.js";
export type { MixLlamaOptions } from "./api/MixLlamaOptions.js";
export { inspectMixLlmFile } from "./api/inspectMixLlmFile.js";
export { isMixLlmFile } from "./api/isMixLlmFile.js";
export type { MixLlmFileInfo } from "./format/MixLlmFileInfo.js";
export type { MixLlmTensor } from "./format/MixLlmTensor.js";
export type { Runtime } from "./runtime/Runtime.js";
export type { RuntimeGpu } from "./runtime/RuntimeGpu.js";
export { CacheDirectoryError } from "./errors/CacheDirectoryError.js";
export { ConflictingRuntimeError } from "./errors/ConflictingRuntimeError.js";
export { CorruptFileError } from "./errors/CorruptFileError.js";
export { InvalidInputError } from "./errors/InvalidInputError.js";
export { MissingBuildToolsError } from "./errors/MissingBuildToolsError.js";
export { MissingGpuError } from "./errors/MissingGpuError.js";
export { MixLlmError } from "./errors/MixLlmError.js";
export { NodeLlamaCppVersionError } from "./errors/NodeLlamaCppVersionError.js";
export { NotGgufFileError } from "./errors/NotGgufFileError.js";
export { NotMixLlmFileError } from "./errors/NotMixLlmFileError.js";
export { RuntimeBuildError } from "./errors/RuntimeBuildError.js";
export { RuntimeLinkError } from "./errors/RuntimeLinkError.js";
export { RuntimeLoadError } from "./errors/RuntimeLoadError.js";
export { RuntimeNotBuiltError } from "./errors/RuntimeNotBuiltError.js";
