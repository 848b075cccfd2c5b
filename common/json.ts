import { z } from "zod";
import { InvalidInputError } from "./errors.js";

/**
 * Checks a JSON value from a file nobody has checked.
 *
 * Schemas are made of the functions below, whose messages say in words what a value should be.
 *
 * @param source where the value comes from, as shown in errors, such as `/models/x/config.json`
 * @param options.fix what to do when it is not right
 * @throws {InvalidInputError} it is not what the schema says; the error names source, field and expectation
 */
export function checkJson<Schema extends z.ZodType>(
  source: string,
  value: unknown,
  schema: Schema,
  options: { readonly fix?: string } = {}
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const found = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const [last] = path.slice(-1);
  if (found === undefined && last !== undefined) {
    const inside = path.length === 1 ? source : `"${path.slice(0, -1).join(".")}" in ${source}`;
    throw new InvalidInputError(`${inside} has no "${String(last)}"`, options);
  }
  const what = path.length === 0 ? source : `"${path.join(".")}" in ${source}`;
  throw new InvalidInputError(
    `${what} should be ${issue?.message ?? "different"}, found ${describeJson(found)}`,
    options
  );
}

/** A whole number in a range, ends included. */
export function whole(from: number, to: number): z.ZodType<number> {
  const error = `a whole number from ${from} to ${to}`;
  return z.number({ error }).refine((value) => Number.isInteger(value) && value >= from && value <= to, { error });
}

/** A number in a range, ends included. */
export function real(from: number, to: number): z.ZodType<number> {
  const error = `a number from ${from} to ${to}`;
  return z.number({ error }).refine((value) => value >= from && value <= to, { error });
}

export const flag = z.boolean({ error: "true or false" });

export const text = z.string({ error: "a text" });

/** One of a few texts. */
export function oneOf<const Texts extends readonly [string, ...string[]]>(...texts: Texts): z.ZodType<Texts[number]> {
  const named = texts.map((each) => `"${each}"`).join(" or ");
  return z.enum(texts, { error: named });
}

export function listOf<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return z.array(item, { error: "a list" });
}

/** An object with any fields. */
export const anyObject = z.record(z.string(), z.unknown(), { error: "a JSON object" });

/** A field that may be absent or `null`: configuration files use both for "the default". */
export function optional<Schema extends z.ZodType>(schema: Schema): z.ZodType<z.output<Schema> | undefined> {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** As `optional`, with what stands in. */
export function orElse<Schema extends z.ZodType>(
  schema: Schema,
  fallback: z.output<Schema>
): z.ZodType<z.output<Schema>> {
  return schema.nullish().transform((value) => value ?? fallback);
}

/** A short rendering of a JSON value for a message, however deep or long the value is. */
export function describeJson(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "number") return String(value);
  return value === undefined ? "nothing" : JSON.stringify(value);
}
