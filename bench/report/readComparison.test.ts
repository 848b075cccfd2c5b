import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { sampleComparison } from "../testing/sampleComparison.js";
import { readComparison } from "./readComparison.js";

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

test("reads back all of what was written", async () => {
  await writeFile(file("good.json"), JSON.stringify(sampleComparison()));
  expect(await readComparison(file("good.json"))).toEqual(sampleComparison());
});

test.each<[string, string, RegExp]>([
  ["no JSON", "{", /bad\.json is no comparison: it is not JSON$/],
  ["something else", "[]", /bad\.json is no comparison: the whole: /],
  ["another version", JSON.stringify({ ...sampleComparison(), version: 2 }), /no comparison: version: /],
  ["no models", JSON.stringify({ ...sampleComparison(), models: [] }), /no comparison: models: /],
  [
    "a size that is text",
    JSON.stringify(sampleComparison()).replace(/"fileBytes":(\d+)/, '"fileBytes":"$1"'),
    /no comparison: models\.0\.fileBytes: /
  ]
])("%s is one clear message", async (_, text, message) => {
  await writeFile(file("bad.json"), text);
  const error: unknown = await readComparison(file("bad.json")).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    message: expect.stringMatching(message) as unknown,
    fix: "Give the comparison.json that mixllm-bench compare has written."
  });
});

test("so is no file", async () => {
  await expect(readComparison(file("none.json"))).rejects.toThrow(/^cannot read .*none\.json: no such file/);
});
