import { expect, test } from "vitest";
import { z } from "zod";
import { anyObject, checkJson, describeJson, listOf, oneOf, optional, orElse, real, text, whole } from "./json.js";

const SCHEMA = z.object(
  { count: whole(1, 9), share: orElse(real(0, 1), 0.5), name: optional(text), kind: optional(oneOf("a", "b")) },
  { error: "a JSON object" }
);

test("absent and null fields are the default", () => {
  const expected = { count: 3, share: 0.5, name: undefined, kind: undefined };
  expect(checkJson("f", { count: 3 }, SCHEMA)).toEqual(expected);
  expect(checkJson("f", { count: 3, share: null, name: null, kind: null }, SCHEMA)).toEqual(expected);
});

test.each([
  [{}, 'f has no "count"'],
  [{ count: null }, '"count" in f should be a whole number from 1 to 9, found null'],
  [{ count: 1.5 }, '"count" in f should be a whole number from 1 to 9, found 1.5'],
  [{ count: 10 }, "found 10"],
  [{ count: Infinity }, "found Infinity"],
  [{ count: "3" }, 'found "3"'],
  [{ count: 1, share: -1e308 }, '"share" in f should be a number from 0 to 1, found -1e+308'],
  [{ count: 1, name: {} }, '"name" in f should be a text, found an object'],
  [{ count: 1, kind: "c" }, '"kind" in f should be "a" or "b", found "c"'],
  [[], "f should be a JSON object, found a list of 0"],
  [null, "f should be a JSON object, found null"]
])("%j is refused in one line that names the field", (value, message) => {
  expect(() => checkJson("f", value, SCHEMA)).toThrow(message);
});

test("a field inside another is named by its path", () => {
  const schema = z.object({ list: listOf(z.object({ id: whole(0, 1) })) });
  expect(() => checkJson("f", { list: [{ id: 0 }, { id: 2 }] }, schema)).toThrow('"list.1.id" in f should be');
  expect(() => checkJson("f", { list: [{ id: 0 }, {}] }, schema)).toThrow('"list.1" in f has no "id"');
});

test("values are described in a few words, however large or deep", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(() => checkJson("f", { count: deep }, SCHEMA)).toThrow("found a list of 1");
  expect(checkJson("f", { deep }, anyObject)).toHaveProperty("deep");
  expect(describeJson("x".repeat(1e6)).length).toBeLessThan(70);
});
