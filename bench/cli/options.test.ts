import { availableParallelism } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { compareCommand } from "./compareCommand.js";
import { shapeOption, threadsOption, typesOption } from "./options.js";

afterEach(() => vi.restoreAllMocks());

test("names of types, in any case, or none", () => {
  const types = typesOption("Q4_0,F16");
  expect(types.defaultValue).toEqual(["Q4_0", "F16"]);
  expect(types.parseArg?.("q4_k,IQ4_XS", undefined)).toEqual(["Q4_K", "IQ4_XS"]);
  expect(types.parseArg?.("none", undefined)).toEqual([]);
});

test.each(["", "Q4_K,", "Q4_K Q6_K", "Q4_K, Q6_K"])("not names of types: %j", (text) => {
  expect(() => typesOption("Q4_0").parseArg?.(text, undefined) as unknown).toThrow("expected names such as Q4_K,Q6_K");
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

test("more threads than run at once are warned of, and as many as run at once are not", () => {
  let stderr = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
  const parse = threadsOption().parseArg;
  const atOnce = availableParallelism();
  expect(parse?.(String(atOnce), undefined)).toBe(atOnce);
  expect(stderr).toBe("");
  expect(parse?.(String(atOnce + 1), undefined)).toBe(atOnce + 1);
  expect(stderr).toMatch(
    new RegExp(`^[^\\n]*warning:[^\\n]* --threads ${atOnce + 1} where ${atOnce} run at once: [^\\n]*\\n$`)
  );
});
