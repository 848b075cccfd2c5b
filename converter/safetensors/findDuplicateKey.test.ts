import { expect, test } from "vitest";
import { findDuplicateKey } from "./findDuplicateKey.js";

test.each([
  ["{}", undefined],
  ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}', undefined],
  ['{"a": "a", "b": "a:"}', undefined],
  ['{"a": "\\"a\\": 1"}', undefined],
  ['{"a": 1, "a": 2}', "a"],
  ['{"x": {"k": 1, "l": [], "k" : 2}}', "k"],
  ['{"caf\\u00e9": 1, "café": 2}', "café"]
])("%s repeats %s", (json, expected) => {
  expect(findDuplicateKey(json)).toBe(expected);
});
