/** Value of a metadata key that is no array, or an element of an array. */
export type GgufScalar = string | number | bigint | boolean;

/** Value of a metadata key. Arrays (tokens, merges) are skipped and appear as their length only. */
export type GgufValue = GgufScalar | { readonly arrayLength: number };

/** One tensor as a GGUF file's header describes it; checked to lie within the file when its type's size is known. */
export interface GgufTensor {
  readonly name: string;
  /** Number of ggml's tensor type. */
  readonly type: number;
  /** Extents, the one that varies fastest first (ggml's `ne`), 1 to 4 of them. */
  readonly dimensions: readonly number[];
  /** Byte position of its data in the file. */
  readonly fileOffset: number;
  /** Size of its data in bytes; `undefined` for types this package does not know. */
  readonly byteLength: number | undefined;
}

/** Byte range of a metadata value in the file, its type's number included. */
export interface GgufPlace {
  /** Number of the value's type. */
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** Header of a GGUF file: everything before the tensors' data. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Where the value of each key of `metadata` lies, in the file's order. */
  readonly places: ReadonlyMap<string, GgufPlace>;
  readonly tensors: readonly GgufTensor[];
  /** Size of the whole file in bytes. */
  readonly fileSize: number;
}
