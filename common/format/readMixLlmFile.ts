import type { FileHandle } from "node:fs/promises";
import { openRegularFile, readFully } from "../files/readFiles.js";
import { CorruptFileError, NotMixLlmFileError } from "../errors.js";
import { checkModel } from "../gguf/checkModel.js";
import type { GgufHeader, GgufTensor } from "../gguf/GgufHeader.js";
import { readGgufHeader } from "../gguf/readGgufHeader.js";
import { checkComponents, componentsOf } from "./components.js";
import type { MixLlmFileInfo } from "./MixLlmFileInfo.js";
import { checkRows, COMPONENT_SUFFIXES, type RowsProblem } from "./mixllmFormat.js";
import { readMixLlmMetadata } from "./readMixLlmMetadata.js";

const ROWS_PROBLEMS: Readonly<Record<RowsProblem, string>> = {
  "out-of-range": "which is no output channel",
  "not-ascending": "which is not above the entry before it",
  "in-both-parts": "which is among the 4-bit entries already"
};

/**
 * Reads and checks all of a MixLLM file but its weights, as the loader does: header, metadata, vocabulary, the components'
 * types and shapes, and `rows`.
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
  const metadata = readMixLlmMetadata(header, fail);
  const names = new Set(header.tensors.map((tensor) => tensor.name));
  const weights = [...componentsOf(header.tensors)].map(([name, components]) => {
    if (names.has(name)) fail(`the weight ${name} is there both whole and as components`);
    const { rows, ...tensor } = checkComponents(name, components, fail);
    return { tensor, rows };
  });
  if (weights.length === 0) fail("its metadata says MixLLM, and it has no MixLLM weight");

  const components = new Set(weights.flatMap(({ tensor }) => COMPONENT_SUFFIXES.map((s) => `${tensor.name}.${s}`)));
  const handle = await openRegularFile(file);
  try {
    await checkModel(handle, file, header, (name) => components.has(name), fail);
    for (const { tensor, rows } of weights) {
      const channels = await readInt32(handle, file, rows);
      const wrong = checkRows(channels, tensor.outputChannels - tensor.channels8bit);
      if (wrong === undefined) continue;
      const entry = `entry ${wrong.entry} is ${channels[wrong.entry]}, ${ROWS_PROBLEMS[wrong.problem]}`;
      fail(`the tensor ${rows.name} is no permutation in ascending parts: ${entry}`);
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
