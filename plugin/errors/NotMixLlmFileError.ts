import { InvalidInputError } from "./InvalidInputError.js";

/** The file is not a MixLLM GGUF: another format, or a GGUF without MixLLM weights. */
export class NotMixLlmFileError extends InvalidInputError {
  constructor(file: string, reason: string, kind = "a MixLLM file") {
    super(`${file} is not ${kind}: ${reason}`, {
      fix: "Make one from a Hugging Face model directory with `mixllm-convert DIRECTORY -o OUT.gguf`."
    });
  }
}
