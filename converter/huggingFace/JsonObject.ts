import { InvalidInputError } from "../../common/errors.js";
import { describeJson } from "../../common/json.js";

/**
 * A JSON object from a file nobody has checked, read field by field with the type each reader expects.
 *
 * A field that is absent or `null` counts as not given: configuration files use both for "the default". Every error
 * names the file and the field.
 */
export class JsonObject {
  /** Where the object comes from, as shown in errors, such as `/models/x/config.json`. */
  readonly source: string;
  readonly #fields: Record<string, unknown>;

  /** @throws {InvalidInputError} `value` is not a JSON object */
  constructor(source: string, value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new InvalidInputError(`${source} should hold a JSON object, found ${describeJson(value)}`);
    }
    this.source = source;
    this.#fields = value as Record<string, unknown>;
  }

  keys(): string[] {
    return Object.keys(this.#fields);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The raw value, or undefined when it is absent or null. */
  get(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined;
  }

  optionalString(key: string): string | undefined {
    return this.#optional(key, "a string", (value) => typeof value === "string");
  }

  optionalBoolean(key: string): boolean | undefined {
    return this.#optional(key, "true or false", (value) => typeof value === "boolean");
  }

  optionalNumber(key: string): number | undefined {
    return this.#optional(key, "a number", (value) => typeof value === "number" && Number.isFinite(value));
  }

  /** A whole number from 0 up to 2^31 - 1, the range sizes and token ids have in GGUF. */
  optionalInteger(key: string): number | undefined {
    return this.#optional(
      key,
      "a whole number",
      (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
    );
  }

  optionalObject(key: string): JsonObject | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new JsonObject(`"${key}" in ${this.source}`, value);
  }

  optionalArray(key: string): unknown[] | undefined {
    return this.#optional(key, "a list", (value) => Array.isArray(value));
  }

  /** @throws {InvalidInputError} the field is missing or not a whole number above 0 */
  positiveInteger(key: string): number {
    const value = this.#required(key, this.optionalInteger(key));
    if (value === 0) throw new InvalidInputError(`"${key}" in ${this.source} should be above 0`);
    return value;
  }

  /** @throws {InvalidInputError} the field is missing or not a string */
  string(key: string): string {
    return this.#required(key, this.optionalString(key));
  }

  /** @throws {InvalidInputError} the field is missing or not an object */
  object(key: string): JsonObject {
    return this.#required(key, this.optionalObject(key));
  }

  #optional<T>(key: string, expected: string, accepts: (value: unknown) => boolean): T | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (!accepts(value)) {
      throw new InvalidInputError(`"${key}" in ${this.source} should be ${expected}, found ${describeJson(value)}`);
    }
    return value as T;
  }

  #required<T>(key: string, value: T | undefined): T {
    if (value === undefined) throw new InvalidInputError(`${this.source} has no "${key}"`);
    return value;
  }
}
