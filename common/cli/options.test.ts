import { Command, type Option } from "commander";
import { expect, test } from "vitest";
import { bitsPerWeightOption, bytesOption, integerOption, listOption, pathOption, percentOption } from "./options.js";

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
});

test("a path that is none", () => {
  expect(pathOption("a b")).toBe("a b");
  expect(() => pathOption("")).toThrow("expected a path and got an empty text");
});

test.each([
  ["0", 0],
  ["12.5", 12.5],
  ["100", 100]
])("a percentage, %s", (text, value) => {
  expect(percentOption(text)).toBe(value);
});

test.each(["-1", "101", "10%", "", "NaN"])("not a percentage: %j", (text) => {
  expect(() => percentOption(text)).toThrow("expected a number from 0 to 100");
});

test("average bits, from those of 4-bit to those of 8-bit channels", () => {
  expect(bitsPerWeightOption("4.75")).toBe(4.75);
  expect(() => bitsPerWeightOption("3.9")).toThrow("expected a number from 4 to 9");
});

test.each([
  ["1000", 1000],
  ["4.5G", 4.5 * 2 ** 30],
  ["800m", 800 * 2 ** 20],
  ["16KiB", 2 ** 14],
  ["1TB", 2 ** 40]
])("bytes, %s", (text, bytes) => {
  expect(bytesOption(text)).toBe(bytes);
});

test.each(["", "0", "-1", "4.5.1G", "4 GB", "1P", "big"])("no number of bytes: %j", (text) => {
  expect(() => bytesOption(text)).toThrow("expected a size such as 4.5G or 800M");
});

/** What a command makes of `--list <text>`, or of no such option, where `option` is its only one. */
function parsed(option: Option, text?: string): unknown {
  const args = text === undefined ? [] : [option.long ?? "", text];
  const silent = { writeErr: () => undefined };
  return new Command().exitOverride().configureOutput(silent).addOption(option).parse(args, { from: "user" }).opts()[
    option.attributeName()
  ];
}

const integers = () => listOption("--list <counts>", "counts", integerOption(0, 4096), "1,512");

test("a list is separated by commas, and its default shown as one writes it", () => {
  expect(parsed(integers(), "512")).toEqual([512]);
  expect(parsed(integers(), "0,512,4096")).toEqual([0, 512, 4096]);
  expect(parsed(integers())).toEqual([1, 512]);
  expect(new Command().addOption(integers()).helpInformation()).toContain("counts (default: 1,512)");
  expect(parsed(listOption("--list <shares>", "shares", percentOption))).toBeUndefined();
  expect(parsed(listOption("--list <shares>", "shares", percentOption), "0,2.5")).toEqual([0, 2.5]);
});

test.each(["", "1,", ",1", "1 2", "1;2", "1, 2", "1,x", "1,4097"])("not a list of whole numbers: %j", (text) => {
  expect(() => parsed(integers(), text)).toThrow("expected a whole number from 0 to 4096");
});
