import { InvalidInputError } from "../../common/errors.js";
import type { GgufHeader, GgufValue } from "../../common/gguf/GgufHeader.js";

/** Typed access to the keys a GGUF file has about its architecture. */
export class Hyperparameters {
  /** The file, for errors. */
  readonly file: string;
  readonly #metadata: GgufHeader["metadata"];
  readonly #prefix: string;

  /** @param architecture `general.architecture`, which prefixes the keys */
  constructor(file: string, metadata: GgufHeader["metadata"], architecture: string) {
    this.file = file;
    this.#metadata = metadata;
    this.#prefix = architecture;
  }

  /** @throws {InvalidInputError} the key is missing or not a whole number above 0 */
  positiveInteger(key: string): number {
    const value = this.optionalPositiveInteger(key);
    if (value === undefined) throw new InvalidInputError(`${this.file} lacks the metadata key ${this.#name(key)}`);
    return value;
  }

  /** @throws {InvalidInputError} the key is there and not a whole number above 0 */
  optionalPositiveInteger(key: string): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
    throw this.#unexpected(key, value, "a whole number above 0");
  }

  /** @throws {InvalidInputError} the key is there and not a finite number */
  optionalNumber(key: string): number | undefined {
    const value = this.#get(key);
    if (value === undefined || (typeof value === "number" && Number.isFinite(value))) return value;
    throw this.#unexpected(key, value, "a number");
  }

  /** @throws {InvalidInputError} the key is there and not a string */
  optionalString(key: string): string | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#unexpected(key, value, "a text");
  }

  #get(key: string): GgufValue | undefined {
    return this.#metadata.get(this.#name(key));
  }

  #name(key: string): string {
    return `${this.#prefix}.${key}`;
  }

  #unexpected(key: string, value: GgufValue, expected: string): InvalidInputError {
    const found = typeof value === "object" ? `one of ${value.arrayLength} values, by layer` : String(value);
    return new InvalidInputError(
      `${this.file}: the metadata key ${this.#name(key)} should be ${expected}, found ${found}`
    );
  }
}
