import { InvalidInputError } from "./InvalidInputError.js";

/** A GGUF file contradicts itself or its format, or is cut off. */
export class CorruptFileError extends InvalidInputError {
  /** @param problem what is wrong, naming the tensor or metadata key it is wrong with */
  constructor(file: string, problem: string) {
    super(`${file} is damaged: ${problem}`, { fix: "Copy or download the file again, or convert the model anew." });
  }
}
