import { open } from "node:fs/promises";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { describeFileError } from "../../cli/describeFileError.js";

/**
 * Makes sure that `path` is a readable file that starts like a GGUF, so that what is not one is called by its name
 * instead of failing somewhere in llama.cpp.
 *
 * @throws {InvalidInputError}
 */
export async function assertGgufFile(path: string): Promise<void> {
  let magic: string;
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      magic = buffer.toString("latin1", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new InvalidInputError(`cannot read ${path}: ${describeFileError(error)}`);
  }
  if (magic !== "GGUF") {
    throw new InvalidInputError(`${path} is not a GGUF file: it does not start with "GGUF"`, {
      fix: "Give a .gguf file. mixllm-convert makes one from a Hugging Face directory."
    });
  }
}
