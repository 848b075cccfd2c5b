import { expect, test } from "vitest";
import { paretoFront } from "./paretoFront.js";

const trade = (name: string, fileBytes: number, kld: number) => ({ name, fileBytes, kld });
const names = (trades: { name: string }[]): string => trades.map(({ name }) => name).join("");

test("keeps what nothing beats, by rising size", () => {
  expect(names(paretoFront([trade("c", 30, 1), trade("a", 10, 9), trade("x", 20, 9.5), trade("b", 20, 5)]))).toBe(
    "abc"
  );
});

test("a larger file of equal divergence is beaten, and of equal sizes the closer one counts", () => {
  expect(names(paretoFront([trade("a", 10, 5), trade("x", 11, 5), trade("y", 10, 6)]))).toBe("a");
});

test("of two that are the same, neither beats the other", () => {
  expect(names(paretoFront([trade("a", 10, 5), trade("b", 10, 5), trade("x", 11, 5)]))).toBe("ab");
});

test("is empty for none", () => {
  expect(paretoFront([])).toEqual([]);
});
