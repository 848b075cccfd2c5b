import { expect, test } from "vitest";
import { titleFromId } from "./titleFromId.js";

test.each([
  ["llama2-spm", "Llama2 Spm"],
  ["Llama-3.2-1B-Instruct", "Llama 3.2 1B Instruct"],
  ["mistral-7b-instruct-v0.3", "Mistral 7b Instruct v0.3"],
  ["qwen2moe", "Qwen2Moe"],
  ["meta-llama", "Meta Llama"]
])("%s reads %s", (id, expected) => {
  expect(titleFromId(id)).toBe(expected);
});
