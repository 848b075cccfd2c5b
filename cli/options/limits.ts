/** Threads that ggml is made for (`GGML_MAX_N_THREADS`). */
export const MAX_THREADS = 512;

/** More tokens than any model's context holds, and few enough to be counted together in 32 bits. */
export const MAX_TOKENS = 2 ** 24;

/** More samples than any calibration is better for. */
export const MAX_SAMPLES = 1_000_000;
