import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { FORMS, stockDescription, writeForm } from "../testing/forms/forms.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { convert } from "./testing/convert.js";
import { readGgufFile, type GgufValue } from "./testing/readGgufFile.js";

const directory = temporaryDirectory();

/** What a form's conversion says, as the stock one does not. */
const WARNINGS: Readonly<Record<string, readonly RegExp[]>> = {
  "gptoss-bf16": [/llama\.cpp rounds the range of YaRN's blending/]
};

interface Reference {
  metadata: Record<string, GgufValue>;
  tensors: { name: string; type: string; ne: number[]; sha256: string }[];
}

describe.each(FORMS)("%s as F16", (form) => {
  const reference = (): Reference => JSON.parse(readFileSync(stockDescription(form), "utf8")) as Reference;
  const output = path.join(directory, `${form}.gguf`);

  test("has the metadata and tensors a stock conversion writes, in its order", async () => {
    const { warnings } = await convert({ source: writeForm(form, directory), output, format: "f16" });
    expect(warnings).toEqual((WARNINGS[form] ?? []).map((message): unknown => expect.stringMatching(message)));

    const { metadata, tensors } = readGgufFile(output);
    const { metadata: expectedMetadata, tensors: expectedTensors } = reference();
    expect([...metadata.keys()]).toEqual(Object.keys(expectedMetadata));
    for (const [key, { type, value }] of Object.entries(expectedMetadata)) {
      expect(summarize(metadata.get(key) as GgufValue, value), key).toEqual({ type, value });
    }
    expect(tensors.map(({ name, type, ne, sha256 }) => ({ name, type, ne, sha256 }))).toEqual(expectedTensors);
  });
});

/** Long lists are given in the reference as their length, hash and ends. */
function summarize({ type, value }: GgufValue, expected: unknown): GgufValue {
  if (!Array.isArray(value) || Array.isArray(expected)) return { type, value };
  return {
    type,
    value: {
      length: value.length,
      sha256OfJson: createHash("sha256").update(JSON.stringify(value)).digest("hex"),
      first: value.slice(0, 4) as unknown[],
      last: value.slice(-4) as unknown[]
    }
  };
}
