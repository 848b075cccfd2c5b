/** ggml's number for the way its quantized types are laid out. */
export const QUANTIZATION_VERSION = 2;
