import { openRegularFile } from "../../common/files/readFiles.js";
import { readFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError } from "../../common/errors.js";

/**
 * Makes sure that `path` is a readable file that starts like a GGUF, so that what is not one is called by its name
 * instead of failing somewhere in llama.cpp.
 *
 * @throws {InvalidInputError}
 */
export async function assertGgufFile(path: string): Promise<void> {
  const file = await openRegularFile(path);
  let magic: string;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    magic = buffer.toString("latin1", 0, bytesRead);
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    await file.close();
  }
  if (magic !== "GGUF") {
    throw new InvalidInputError(`${path} is not a GGUF file: it does not start with "GGUF"`, {
      fix: "Give a .gguf file. mixllm-convert makes one from a Hugging Face directory."
    });
  }
}
