/** A tensor to write into a safetensors file. */
export interface TestTensor {
  name: string;
  dtype: string;
  shape: number[];
  data: Float32Array | Uint16Array | Uint8Array;
}

/** Encodes tensors as one safetensors file. */
export function encodeSafetensors(tensors: readonly TestTensor[]): Uint8Array {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  return withHeader(JSON.stringify(header), Buffer.concat(parts));
}

/** Puts any header, honest or not, in front of data. */
export function withHeader(header: string, data: Uint8Array): Uint8Array {
  const text = Buffer.from(header, "utf8");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}
