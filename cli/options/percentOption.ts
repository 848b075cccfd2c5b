import { numberOption } from "./numberOption.js";

/** A commander parser for a percentage, 0 to 100. */
export const percentOption = numberOption(0, 100);
