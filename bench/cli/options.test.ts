import { expect, test } from "vitest";
import { integerOption } from "./integerOption.js";
import { percentOption } from "./percentOption.js";

test.each([
  ["8", 8],
  ["512", 512]
])("a whole number, %s", (text, value) => {
  expect(integerOption(8)(text)).toBe(value);
});

test.each(["7", "-8", "8.5", "8k", "", " 8", "1e3", "99999999999"])("not a whole number from 8 on: %j", (text) => {
  expect(() => integerOption(8)(text)).toThrow("expected a whole number of at least 8");
});

test.each([
  ["0", 0],
  ["12.5", 12.5],
  ["100", 100]
])("a percentage, %s", (text, value) => {
  expect(percentOption(text)).toBe(value);
});

test.each(["-1", "101", "10%", "", "NaN"])("not a percentage: %j", (text) => {
  expect(() => percentOption(text)).toThrow("percentage");
});
