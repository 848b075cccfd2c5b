import { MixLlmError } from "./MixLlmError.js";

/** What the caller gave cannot be used: a missing, truncated or inconsistent file, or an option out of range. */
export class InvalidInputError extends MixLlmError {}
