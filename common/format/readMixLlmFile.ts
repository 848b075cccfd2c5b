import type { FileHandle } from "node:fs/promises";
import { openRegularFile, readFully } from "../files/readFiles.js";
import { CorruptFileError, NotMixLlmFileError } from "../errors.js";
import { checkModel } from "../gguf/checkModel.js";
import type { GgufHeader, GgufTensor } from "../gguf/GgufHeader.js";
import { readGgufHeader } from "../gguf/readGgufHeader.js";
import { checkComponents, componentsOf, describeWeight, type CheckedWeight } from "./components.js";
import type { MixLlmFileInfo } from "./MixLlmFileInfo.js";
import { checkMask, checkRows, countMask, ROW_TILE, type RowsProblem } from "./mixllmFormat.js";
import { readMixLlmMetadata } from "./readMixLlmMetadata.js";

const ROWS_PROBLEMS: Readonly<Record<RowsProblem, string>> = {
  "out-of-range": "which is no output channel",
  "not-ascending": "which is not above the entry before it",
  "in-both-parts": "which is among the 4-bit entries already"
};

/**
 * Reads and checks all of a MixLLM file but its weights, as the loader does: header, metadata, vocabulary, the components'
 * types and shapes, and their masks, or in version 1 `rows`.
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
  const grouped = componentsOf(header.tensors);
  const weights = [...grouped].map(([name, components]) => {
    if (names.has(name)) fail(`the weight ${name} is there both whole and as components`);
    return checkComponents(name, components, metadata.version, fail);
  });
  if (weights.length === 0) fail("its metadata says MixLLM, and it has no MixLLM weight");

  const components = new Set([...grouped.values()].flatMap((parts) => Object.values(parts).map(({ name }) => name)));
  const tensors = [];
  const handle = await openRegularFile(file);
  try {
    await checkModel(handle, file, header, (name) => components.has(name), fail);
    const channels8bitOf = metadata.version === 1 ? channels8bitOfRows : channels8bitOfMask;
    for (const weight of weights) {
      const order = await readTensor(handle, file, weight.order);
      tensors.push(describeWeight(weight, channels8bitOf(weight, order, fail)));
    }
  } finally {
    await handle.close();
  }
  return { header, info: { ...metadata, tensors } };
}

/** How many 8-bit channels each expert has, or the weight if it is no stack, by its mask. */
function channels8bitOfMask(
  { name, shape, order }: CheckedWeight,
  mask: Buffer,
  fail: (problem: string) => never
): number[] {
  const wrong = checkMask(mask, shape);
  if (wrong?.problem === "no-tiles") {
    const which = shape.experts === undefined ? "" : ` for expert ${wrong.expert}`;
    fail(`the tensor ${order.name} has ${wrong.count} 8-bit channels${which}, no multiple of ${ROW_TILE}`);
  }
  if (wrong !== undefined)
    fail(`the tensor ${order.name} has ${wrong.count} 8-bit channels, and ${name}.w8 has ${shape.channels8bit}`);
  return countMask(mask, shape.experts);
}

/** The same by the rows of version 1, which has no stacks. */
function channels8bitOfRows(
  { shape, order }: CheckedWeight,
  bytes: Buffer,
  fail: (problem: string) => never
): number[] {
  const rows = Int32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(index * 4));
  const wrong = checkRows(rows, shape.channels4bit);
  if (wrong !== undefined) {
    const entry = `entry ${wrong.entry} is ${rows[wrong.entry]}, ${ROWS_PROBLEMS[wrong.problem]}`;
    fail(`the tensor ${order.name} is no permutation in ascending parts: ${entry}`);
  }
  return [shape.channels8bit];
}

/** Reads a tensor whole; its size was checked with the header. */
async function readTensor(handle: FileHandle, file: string, tensor: GgufTensor): Promise<Buffer> {
  const bytes = Buffer.alloc(tensor.byteLength ?? 0);
  await readFully(handle, file, bytes, tensor.fileOffset);
  return bytes;
}
