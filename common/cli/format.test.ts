import { expect, test } from "vitest";
import { printable, formatDuration } from "./format.js";

test.each([
  ["Qwen 3, Übung 模型 🙂\n\tsecond line", "Qwen 3, Übung 模型 🙂\n\tsecond line"],
  ["\u001b[2J\u001b]0;title\u0007", "\\x1b[2J\\x1b]0;title\\x07"],
  ["over\rwritten\u0000\u009b31m\u007f", "over\\x0dwritten\\x00\\x9b31m\\x7f"]
])("%j reads %j", (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test.each([
  [0, "0.0 s"],
  [430, "0.4 s"],
  [9_940, "9.9 s"],
  [12_400, "12 s"],
  [59_600, "1 min 00 s"],
  [185_000, "3 min 05 s"],
  [7_800_000, "2 h 10 min"]
])("%d ms reads %s", (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected);
});
