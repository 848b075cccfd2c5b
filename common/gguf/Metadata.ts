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
    }
  | {
      readonly key: string;
      readonly type: "array";
      readonly elementType: "bool";
      readonly value: readonly boolean[];
    };

/**
 * GGUF metadata in the order it is written.
 *
 * As in a stock conversion, setting a key again replaces its value but keeps its place, and empty strings and lists
 * are left out.
 */
export class Metadata {
  readonly #entries = new Map<string, MetadataEntry>();

  uint32(key: string, value: number): void {
    this.#entries.set(key, { key, type: "uint32", value });
  }

  int32(key: string, value: number): void {
    this.#entries.set(key, { key, type: "int32", value });
  }

  float32(key: string, value: number): void {
    this.#entries.set(key, { key, type: "float32", value });
  }

  bool(key: string, value: boolean): void {
    this.#entries.set(key, { key, type: "bool", value });
  }

  string(key: string, value: string): void {
    if (value !== "") this.#entries.set(key, { key, type: "string", value });
  }

  strings(key: string, value: readonly string[]): void {
    if (value.length > 0) this.#entries.set(key, { key, type: "array", elementType: "string", value });
  }

  int32s(key: string, value: readonly number[]): void {
    if (value.length > 0) this.#entries.set(key, { key, type: "array", elementType: "int32", value });
  }

  float32s(key: string, value: readonly number[]): void {
    if (value.length > 0) this.#entries.set(key, { key, type: "array", elementType: "float32", value });
  }

  bools(key: string, value: readonly boolean[]): void {
    if (value.length > 0) this.#entries.set(key, { key, type: "array", elementType: "bool", value });
  }

  /** Sets a key to a value as a GGUF file has it, led by the number of its type. */
  encoded(key: string, value: Uint8Array): void {
    this.#entries.set(key, { key, type: "encoded", value });
  }

  append(entries: Iterable<MetadataEntry>): void {
    for (const entry of entries) this.#entries.set(entry.key, entry);
  }

  entries(): MetadataEntry[] {
    return [...this.#entries.values()];
  }
}
