import { z } from "zod";
import { checkJson, flag, text, whole } from "../../common/json.js";

const jsonObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { error: "a JSON object" }
);
const list = z.array(z.unknown(), { error: "a list" });
const integer = whole(0, 2 ** 31 - 1);

/**
 * A JSON object from a file nobody has checked, read field by field with the type each reader expects: for files whose
 * fields depend on each other, where a schema of the whole says less.
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
    this.source = source;
    this.#fields = checkJson(source, value, jsonObject);
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
    return this.#optional(key, text);
  }

  optionalBoolean(key: string): boolean | undefined {
    return this.#optional(key, flag);
  }

  /** A whole number from 0 up to 2^31 - 1, the range sizes and token ids have in GGUF. */
  optionalInteger(key: string): number | undefined {
    return this.#optional(key, integer);
  }

  optionalObject(key: string): JsonObject | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new JsonObject(`"${key}" in ${this.source}`, value);
  }

  optionalArray(key: string): unknown[] | undefined {
    return this.#optional(key, list);
  }

  /** @throws {InvalidInputError} the field is missing or not a string */
  string(key: string): string {
    return this.#required(key, text);
  }

  /** @throws {InvalidInputError} the field is missing or not an object */
  object(key: string): JsonObject {
    return new JsonObject(`"${key}" in ${this.source}`, this.#required(key, jsonObject));
  }

  #optional<Value>(key: string, schema: z.ZodType<Value>): Value | undefined {
    return this.get(key) === undefined ? undefined : this.#required(key, schema);
  }

  #required<Value>(key: string, schema: z.ZodType<Value>): Value {
    const value = this.get(key);
    const result = schema.safeParse(value);
    // A schema of the whole is only made for its error: vocabularies have hundreds of thousands of objects.
    if (!result.success) checkJson(this.source, { [key]: value }, z.object({ [key]: schema }));
    return result.data as Value;
  }
}
