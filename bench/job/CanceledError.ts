import { MixLlmError } from "../../plugin/errors/MixLlmError.js";

/** The caller's `AbortSignal` stopped the work. */
export class CanceledError extends MixLlmError {
  constructor() {
    super("canceled");
  }
}
