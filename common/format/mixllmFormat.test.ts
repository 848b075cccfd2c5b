import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runNativeTests } from "../../testing/runNativeTests.js";
import { tensorBytes } from "../gguf/encodeGgufHeader.js";
import { typeNumberOf } from "../gguf/ggmlTypes.js";
import { checkRows, componentTensors, isWeightShape, type WeightShape } from "./mixllmFormat.js";

/** The lines of the table, each as its fields. */
const vectors = (await readFile(new URL("test/vectors.txt", import.meta.url), "utf8"))
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" "));

function shapeOf([inputs, channels4bit, channels8bit]: readonly string[]): WeightShape {
  return { inputs: Number(inputs), channels4bit: Number(channels4bit), channels8bit: Number(channels8bit) };
}

test("shapes and their components are those of the table", () => {
  const listed: string[] = [];
  const computed: string[] = [];
  for (const [kind = "", ...fields] of vectors) {
    if (kind === "rows") continue;
    listed.push([kind, ...fields].join(" "));
    if (kind !== "weight") continue;
    const shape = shapeOf(fields);
    const valid = isWeightShape(shape);
    computed.push(["weight", ...fields.slice(0, 3), valid ? "valid" : "invalid"].join(" "));
    if (!valid) continue;
    for (const component of componentTensors("", shape)) {
      const [ne0, ne1 = 1] = component.ne;
      computed.push(
        ["tensor", component.name, typeNumberOf(component.type), ne0, ne1, tensorBytes(component)].join(" ")
      );
    }
  }
  expect(listed.length).toBeGreaterThan(40);
  expect(computed).toEqual(listed);
});

test.each(vectors.filter(([kind]) => kind === "rows").map(([, ...fields]) => [fields.join(" "), fields] as const))(
  "rows %s",
  (_, [channels4bit, problem, entry, ...values]) => {
    const found = checkRows(Int32Array.from(values, Number), Number(channels4bit));
    expect(found ?? "valid").toEqual(problem === "valid" ? "valid" : { problem, entry: Number(entry) });
  }
);

test("the C header is held to the same table, as C and as C++", { timeout: 120_000 }, async () => {
  const { passed } = await runNativeTests("common/format/test");
  expect(passed).toEqual(["mixllm-format-c", "mixllm-format-cpp"]);
});
