import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { sampleComparison } from "../testing/sampleComparison.js";
import { readComparison } from "./readComparison.js";
import { writeReport } from "./writeReport.js";

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

test("writes everything, the same again from what it wrote", async () => {
  await writeReport(sampleComparison(), file("first"));
  const names = await readdir(file("first"));
  expect(names.sort()).toEqual([
    ...["comparison.json", "comparison.md", "report.html"],
    ...["size-against-kld.dark.svg", "size-against-kld.light.svg"]
  ]);
  await writeReport(await readComparison(file("first/comparison.json")), file("second"));
  for (const name of names) {
    expect(await readFile(file(`second/${name}`), "utf8")).toBe(await readFile(file(`first/${name}`), "utf8"));
  }
});

test("its pictures stand alone: XML with a name, and colours of their own", async () => {
  await writeReport(sampleComparison(), file("pictures"));
  const light = await readFile(file("pictures/size-against-kld.light.svg"), "utf8");
  const dark = await readFile(file("pictures/size-against-kld.dark.svg"), "utf8");
  expect(light).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(light).toContain("--mixllm: #c2410c");
  expect(dark).toContain("--mixllm: #ff9254");
  expect(light.replace(/<style>.*?<\/style>/gs, "")).toBe(dark.replace(/<style>.*?<\/style>/gs, ""));
});

test("a folder that cannot be is one clear message", async () => {
  await mkdir(file("taken"), { recursive: true });
  await writeFile(file("taken/file"), "");
  await expect(writeReport(sampleComparison(), file("taken/file"))).rejects.toThrow(
    /^cannot write .*file: a file stands where a folder is needed/
  );
});
