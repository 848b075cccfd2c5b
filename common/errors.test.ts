import { expect, test } from "vitest";
import { InvalidInputError } from "./errors.js";

test("what a message quotes from the input is made one line and short", () => {
  const { message, fix } = new InvalidInputError(`tensor "${"n".repeat(60_000)}" in ${"x".repeat(60_000)}`, {
    fix: `Remove "${"n".repeat(60_000)}".`
  });
  expect(message.length).toBeLessThan(600);
  expect(message).toMatch(/^tensor "n+\.\.\.n+" in x+\.\.\.x+$/);
  expect(fix?.length).toBeLessThan(400);
  expect(new InvalidInputError("a\nb\r\n\u001b[31mc\u202ed").message).toBe("a b \\x1b[31mc\\u202ed");
});

test("paths stay whole", () => {
  const path = `/${"folder with spaces/".repeat(200)}config.json`;
  expect(new InvalidInputError(`cannot read ${path}`).message).toBe(`cannot read ${path}`);
});
