import type { FileHandle } from "node:fs/promises";
import { openRegularFile, readFully } from "../files/readFiles.js";
import { CorruptFileError, NotMixLlmFileError } from "../errors.js";
import type { GgufHeader, GgufTensor } from "../gguf/GgufHeader.js";
import { readGgufHeader } from "../gguf/readGgufHeader.js";
import { checkComponents } from "./checkComponents.js";
import { checkRows } from "./checkRows.js";
import { componentsOf } from "./componentsOf.js";
import type { MixLlmFileInfo } from "./MixLlmFileInfo.js";
import { readMixLlmMetadata } from "./readMixLlmMetadata.js";

/**
 * Reads and checks all of a MixLLM file but its weights: header, metadata, the components' types and shapes, and `rows`.
 *
 * @throws {InvalidInputError} there is no such file or it cannot be read
 * @throws {NotMixLlmFileError} it is no GGUF file or has no MixLLM weights
 * @throws {CorruptFileError} it contradicts itself or the format; names the tensor or key
 */
export async function readMixLlmFile(file: string): Promise<{ header: GgufHeader; info: MixLlmFileInfo }> {
  const header = await readGgufHeader(file);
  const fail = (problem: string): never => {
    throw new CorruptFileError(file, problem);
  };
  if (!header.metadata.has("mixllm.version"))
    throw new NotMixLlmFileError(file, "it is an ordinary GGUF file without MixLLM weights");
  const metadata = readMixLlmMetadata(header.metadata, fail);
  const names = new Set(header.tensors.map((tensor) => tensor.name));
  const weights = [...componentsOf(header.tensors)].map(([name, components]) => {
    if (names.has(name)) fail(`the weight ${name} is there both whole and as components`);
    return { tensor: checkComponents(name, components, fail), rows: components.rows };
  });
  if (weights.length === 0) fail("its metadata says MixLLM, and it has no MixLLM weight");

  const handle = await openRegularFile(file);
  try {
    for (const { tensor, rows } of weights) {
      if (rows === undefined) continue;
      const problem = checkRows(await readInt32(handle, file, rows), tensor.outputChannels - tensor.channels8bit);
      if (problem !== undefined) fail(`the tensor ${rows.name} is no permutation in ascending parts: ${problem}`);
    }
  } finally {
    await handle.close();
  }
  return { header, info: { ...metadata, tensors: weights.map((weight) => weight.tensor) } };
}

/** Reads a tensor of little-endian 32-bit integers; its size was checked with the header. */
async function readInt32(handle: FileHandle, file: string, tensor: GgufTensor): Promise<Int32Array> {
  const length = tensor.byteLength ?? 0;
  const bytes = Buffer.alloc(length);
  await readFully(handle, file, bytes, tensor.fileOffset);
  return Int32Array.from({ length: length / 4 }, (_, index) => bytes.readInt32LE(index * 4));
}
