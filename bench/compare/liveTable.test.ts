import { expect, test } from "vitest";
import { sampleComparison } from "../testing/sampleComparison.js";
import { liveTable } from "./liveTable.js";

test("rows line up with the header though they are printed one by one", () => {
  const { models } = sampleComparison();
  const table = liveTable(models.map(({ name }) => name));
  const lines = [table.header, ...models.map((model) => table.row(model))];
  expect(lines[0]).toMatch(/^model +size +bpw +perplexity +mean KLD +same top +first token +peak memory$/);
  expect(lines[2]).toMatch(/^MixLLM p0 +2\.20 MiB +4\.98 +18\.4532 ± 0\.4500 +0\.003180 ± 0\.000032 +97\.00 % /);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});
