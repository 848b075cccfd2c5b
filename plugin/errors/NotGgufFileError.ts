import { NotMixLlmFileError } from "./NotMixLlmFileError.js";

/** The file is not even a GGUF of a version that can be read. */
export class NotGgufFileError extends NotMixLlmFileError {
  constructor(file: string, reason: string) {
    super(file, reason, "a GGUF file");
  }
}
