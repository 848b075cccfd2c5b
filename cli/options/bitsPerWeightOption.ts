import { numberOption } from "./numberOption.js";

/**
 * A commander parser for average bits of the decoder's linear weights: with scales and channel numbers, 8-bit channels
 * of all but the very shortest rows take less than 9.
 */
export const bitsPerWeightOption = numberOption(4, 9);
