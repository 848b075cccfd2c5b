import { readFileSync, writeFileSync } from "node:fs";
import { ggmlTypeSize, type TensorType } from "../../common/gguf/ggmlTypes.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import { encodeGgufHeader, aligned } from "../../common/gguf/encodeGgufHeader.js";

interface EditableTensor {
  name: string;
  type: TensorType;
  /** Fastest dimension first. */
  ne: number[];
  data: Uint8Array;
}

/** A GGUF file taken apart, to be changed and written again. */
export class EditableGguf {
  /** Values as in the file, each led by the number of its type. */
  readonly metadata: Map<string, Uint8Array>;
  tensors: EditableTensor[];

  private constructor(metadata: Map<string, Uint8Array>, tensors: EditableTensor[]) {
    this.metadata = metadata;
    this.tensors = tensors;
  }

  static async read(file: string): Promise<EditableGguf> {
    const bytes = readFileSync(file);
    const { places, tensors } = await readGgufHeader(file);
    return new EditableGguf(
      new Map([...places].map(([key, { start, end }]) => [key, bytes.subarray(start, end)])),
      tensors.map(({ name, type, dimensions, fileOffset, byteLength = 0 }) => ({
        name,
        type: ggmlTypeSize(type)?.name.toLowerCase() as TensorType,
        ne: [...dimensions],
        data: bytes.subarray(fileOffset, fileOffset + byteLength)
      }))
    );
  }

  /** A copy that shares tensors and values, but not the lists of them. */
  copy(): EditableGguf {
    return new EditableGguf(new Map(this.metadata), [...this.tensors]);
  }

  /** The tensor with this name, to be changed in place. */
  tensor(name: string): EditableTensor {
    const index = this.tensors.findIndex((tensor) => tensor.name === name);
    const found = this.tensors[index];
    if (found === undefined) throw new Error(`no tensor ${name}`);
    return (this.tensors[index] = { ...found });
  }

  setUint16(key: string, value: number): void {
    this.metadata.set(key, Uint8Array.of(2, 0, 0, 0, value & 255, value >> 8));
  }

  setUint32(key: string, value: number): void {
    this.metadata.set(key, new Uint8Array(Uint32Array.of(4, value).buffer));
  }

  setFloat32(key: string, value: number): void {
    this.metadata.set(key, new Uint8Array([6, 0, 0, 0, ...new Uint8Array(Float32Array.of(value).buffer)]));
  }

  setString(key: string, value: string): void {
    const bytes = Buffer.from(value);
    this.metadata.set(key, Buffer.concat([new Uint8Array(Uint32Array.of(8, bytes.length, 0).buffer), bytes]));
  }

  write(file: string): string {
    const metadata = [...this.metadata].map(([key, value]) => ({ key, type: "encoded" as const, value }));
    const { header } = encodeGgufHeader(metadata, this.tensors);
    const data = this.tensors.map((tensor) => Buffer.concat([tensor.data], aligned(tensor.data.length)));
    writeFileSync(file, Buffer.concat([header, ...data]));
    return file;
  }
}
