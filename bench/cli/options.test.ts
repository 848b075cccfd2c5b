import { expect, test } from "vitest";
import { integerListOption } from "./integerListOption.js";
import { integerOption } from "./integerOption.js";
import { percentOption } from "./percentOption.js";
import { shapeListOption } from "./shapeListOption.js";

test.each([
  ["8", 8],
  ["512", 512]
])("a whole number, %s", (text, value) => {
  expect(integerOption(8)(text)).toBe(value);
});

test.each(["7", "-8", "8.5", "8k", "", " 8", "1e3", "99999999999"])("not a whole number from 8 on: %j", (text) => {
  expect(() => integerOption(8)(text)).toThrow("expected a whole number from 8 to 2147483647");
});

test("a whole number that is too large", () => {
  expect(integerOption(1, 512)("512")).toBe(512);
  expect(() => integerOption(1, 512)("513")).toThrow("expected a whole number from 1 to 512");
  expect(() => integerListOption(0, 16)("8,17")).toThrow("expected a whole number from 0 to 16");
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

test("whole numbers separated by commas", () => {
  expect(integerListOption(0)("512")).toEqual([512]);
  expect(integerListOption(0)("0,512,4096")).toEqual([0, 512, 4096]);
});

test.each(["", "1,", ",1", "1 2", "1;2", "1, 2", "1,x"])("not whole numbers: %j", (text) => {
  expect(() => integerListOption(0)(text)).toThrow("expected a whole number from 0 to 2147483647");
});

test("sizes of weights separated by commas", () => {
  expect(shapeListOption("4096x14336,16x32")).toEqual([
    { outputs: 4096, inputs: 14336 },
    { outputs: 16, inputs: 32 }
  ]);
});

test.each(["", "4096", "4096x", "0x32", "17x32", "16x33", "16x32,", "16*32", "-16x32", "999999x32"])(
  "not sizes of weights: %j",
  (text) => {
    expect(() => shapeListOption(text)).toThrow("multiples of 16 and of 32");
  }
);
