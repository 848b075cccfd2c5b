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
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc(-json.length & 7, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding, ...arrays.map(({ data }) => data)]);
}
