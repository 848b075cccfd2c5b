import { expect, test } from "vitest";
import { printable } from "./printable.js";

test.each([
  ["Qwen 3, Übung 模型 🙂\n\tsecond line", "Qwen 3, Übung 模型 🙂\n\tsecond line"],
  ["\u001b[2J\u001b]0;title\u0007", "\\x1b[2J\\x1b]0;title\\x07"],
  ["over\rwritten\u0000\u009b31m\u007f", "over\\x0dwritten\\x00\\x9b31m\\x7f"]
])("%j reads %j", (text, expected) => {
  expect(printable(text)).toBe(expected);
});
