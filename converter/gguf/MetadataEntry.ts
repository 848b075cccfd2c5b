/** One GGUF key with its typed value. */
export type MetadataEntry =
  /** As a GGUF file has it: the number of its type, then the value. */
  | { readonly key: string; readonly type: "encoded"; readonly value: Uint8Array }
  | { readonly key: string; readonly type: "uint32" | "int32" | "float32"; readonly value: number }
  | { readonly key: string; readonly type: "bool"; readonly value: boolean }
  | { readonly key: string; readonly type: "string"; readonly value: string }
  | {
      readonly key: string;
      readonly type: "array";
      readonly elementType: "string";
      readonly value: readonly string[];
    }
  | {
      readonly key: string;
      readonly type: "array";
      readonly elementType: "int32" | "float32";
      readonly value: readonly number[];
    };
