import { Command, type Option } from "commander";
import { expect, test } from "vitest";
import { compareCommand } from "./compareCommand.js";
import { integerOption } from "./integerOption.js";
import { listOption } from "./listOption.js";
import { percentOption } from "./percentOption.js";
import { shapeOption } from "./shapeOption.js";
import { typesOption } from "./typesOption.js";

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

test("names of types, in any case, or none", () => {
  expect(parsed(typesOption("Q4_0,F16"))).toEqual(["Q4_0", "F16"]);
  expect(parsed(typesOption("Q4_0"), "q4_k,IQ4_XS")).toEqual(["Q4_K", "IQ4_XS"]);
  expect(parsed(typesOption("Q4_0"), "none")).toEqual([]);
});

test.each(["", "Q4_K,", "Q4_K Q6_K", "Q4_K, Q6_K"])("not names of types: %j", (text) => {
  expect(() => parsed(typesOption("Q4_0"), text)).toThrow("expected names such as Q4_K,Q6_K");
});

test("the size of a weight", () => {
  expect(shapeOption("4096x14336")).toEqual({ outputs: 4096, inputs: 14336 });
});

test.each(["", "4096", "4096x", "0x32", "17x32", "16x33", "16*32", "-16x32", "999999x32"])(
  "not the size of a weight: %j",
  (text) => {
    expect(() => shapeOption(text)).toThrow("multiples of 16 and of 32");
  }
);

test.each([
  [[], [0, 10, 20], undefined],
  [["--bits-per-weight", "4.5,5"], [], [4.5, 5]],
  [["--bits-per-weight", "5", "--percent-8bit", "10"], [10], [5]]
])("compare %j makes MixLLM models of these shares and sizes", async (args, percent8bit, bitsPerWeight) => {
  let options: unknown;
  const command = compareCommand().action((_model, given: unknown) => void (options = given));
  await command.parseAsync(["model", "--text", "text.txt", ...args], { from: "user" });
  expect(options).toMatchObject({ percent8bit, ...(bitsPerWeight === undefined ? {} : { bitsPerWeight }) });
});
