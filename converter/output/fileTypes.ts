import type { OutputFormat } from "../plan/ConversionOptions.js";

/**
 * `general.file_type`: llama.cpp's number for what most tensors are stored as. It has none for MixLLM; what is not mixed
 * is F16 there.
 */
export const FILE_TYPES: Readonly<Record<OutputFormat, number>> = { mixllm: 1, f16: 1, q8_0: 7, bf16: 32 };
