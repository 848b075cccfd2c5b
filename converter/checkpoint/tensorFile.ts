import { SafetensorsFile } from "../safetensors/SafetensorsFile.js";

/** A named array in a safetensors file. */
export interface StoredArray {
  readonly name: string;
  readonly dtype: "F32" | "U8";
  readonly data: Uint8Array;
}

/** Encodes arrays, each one-dimensional, as a safetensors file. */
export function encodeTensorFile(
  arrays: readonly StoredArray[],
  metadata: Readonly<Record<string, string>> = {}
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, dtype, data } of arrays) {
    const shape = [data.length / (dtype === "F32" ? 4 : 1)];
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  // The format wants data 8-byte aligned; spaces after the JSON see to it.
  const json = JSON.stringify(header);
  const text = Buffer.from(
    json.padEnd(Math.ceil(Buffer.byteLength(json) / 8) * 8 - Buffer.byteLength(json) + json.length)
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...arrays.map(({ data }) => data)]);
}

/** @throws {InvalidInputError} the file cannot be read or does not hold */
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
