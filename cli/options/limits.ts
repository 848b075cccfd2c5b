/** More tokens than any model's context holds, and few enough to be counted together in 32 bits. */
export const MAX_TOKENS = 2 ** 24;

/** More rounds than make a median any better. */
export const MAX_ROUNDS = 10_000;

/** More samples than any calibration is better for. */
export const MAX_SAMPLES = 1_000_000;
