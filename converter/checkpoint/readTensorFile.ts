import { SafetensorsFile } from "../safetensors/SafetensorsFile.js";

/**
 * Reads a file of `encodeTensorFile`, whole.
 *
 * @throws {InvalidInputError} the file cannot be read or does not hold
 */
export async function readTensorFile(
  file: string
): Promise<{ arrays: Map<string, Uint8Array>; metadata: Readonly<Record<string, string>> }> {
  const opened = await SafetensorsFile.open(file); // checks the whole header
  try {
    const arrays = new Map<string, Uint8Array>();
    for (const tensor of opened.tensors) {
      const data = new Uint8Array(tensor.byteLength);
      await opened.read(tensor, 0, data);
      arrays.set(tensor.name, data);
    }
    return { arrays, metadata: opened.metadata };
  } finally {
    await opened.close();
  }
}
