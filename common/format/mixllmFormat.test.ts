import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runNativeTests } from "../../testing/runNativeTests.js";
import { tensorBytes } from "../gguf/encodeGgufHeader.js";
import { typeNumberOf } from "../gguf/ggmlTypes.js";
import {
  checkMask,
  checkRows,
  COMPONENT_SUFFIXES,
  componentTensors,
  componentTensorsOfVersion1,
  countMask,
  expertOffsets,
  isWeightShape,
  packMask,
  type WeightShape
} from "./mixllmFormat.js";

/** The lines of the table, each as its fields. */
const vectors = (await readFile(new URL("test/vectors.txt", import.meta.url), "utf8"))
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" "));

/** The fields after the kind of every line of that kind, with the line as its title. */
function linesOf(wanted: string) {
  return vectors.filter(([kind]) => kind === wanted).map(([, ...fields]) => [fields.join(" "), fields] as const);
}

function shapeOf([inputs, channels4bit, channels8bit, experts]: readonly string[]): WeightShape {
  return {
    inputs: Number(inputs),
    channels4bit: Number(channels4bit),
    channels8bit: Number(channels8bit),
    ...(experts === "1" ? {} : { experts: Number(experts) })
  };
}

test("shapes and their components are those of the table", () => {
  const listed: string[] = [];
  const computed: string[] = [];
  for (const [kind = "", ...fields] of vectors) {
    if (kind !== "weight" && kind !== "tensor") continue;
    // Files have no rows of a stack: only kernels do.
    if (fields[0] === ".rows" && fields[3] !== "1") continue;
    listed.push([kind, ...fields].join(" "));
    if (kind !== "weight") continue;
    const shape = shapeOf(fields);
    const valid = isWeightShape(shape);
    computed.push(["weight", ...fields.slice(0, 4), valid ? "valid" : "invalid"].join(" "));
    if (!valid) continue;
    const mask = componentTensors("", shape);
    const components = shape.experts === undefined ? [...componentTensorsOfVersion1("", shape), mask.at(-1)!] : mask;
    for (const component of components) {
      const [ne0, ne1 = 1] = component.ne;
      computed.push(
        ["tensor", component.name, typeNumberOf(component.type), ne0, ne1, tensorBytes(component)].join(" ")
      );
    }
    if (shape.experts === undefined) expect(mask.slice(0, -1)).toEqual(components.slice(0, -2));
  }
  expect(listed.length).toBeGreaterThan(80);
  expect(computed).toEqual(listed);
});

test("experts begin where the table says", () => {
  let inputs = 0;
  let count = 0;
  for (const [kind, ...fields] of vectors) {
    if (kind === "weight") inputs = Number(fields[0]);
    if (kind !== "expert") continue;
    const [channels4bit = NaN, channels8bit = NaN, ...listed] = fields.map(Number);
    const offsets = expertOffsets(inputs, { channels4bit, channels8bit });
    listed.splice(COMPONENT_SUFFIXES.length - 1, 1); // rows, which files do not have
    expect(COMPONENT_SUFFIXES.map((suffix) => offsets[suffix])).toEqual(listed);
    count++;
  }
  expect(count).toBeGreaterThan(10);
});

test.each(linesOf("mask"))("mask %s", (_, [experts, channels8bit, problem, expert, counts = "", digits = ""]) => {
  const mask = Uint8Array.from(Buffer.from(digits, "hex"));
  const shape = { inputs: 128, channels4bit: NaN, channels8bit: Number(channels8bit), experts: Number(experts) };
  const found = checkMask(mask, shape);
  if (problem === "valid") {
    expect(found).toBeUndefined();
    expect(countMask(mask, shape.experts)).toEqual(counts.split(",").map(Number));
  } else if (problem === "no-tiles") expect(found).toEqual({ problem, expert: Number(expert), count: Number(counts) });
  else expect(found).toEqual({ problem, count: Number(counts) });
});

test.each(linesOf("order"))("order %s", (_, [digits = "", channels4bit, ...rows]) => {
  const is8bit = new Uint8Array(rows.length);
  for (const row of rows.slice(Number(channels4bit))) is8bit[Number(row)] = 1;
  expect(Buffer.from(packMask(is8bit)).toString("hex")).toBe(digits);
});

test.each(linesOf("rows"))("rows %s", (_, [channels4bit, problem, entry, ...values]) => {
  const found = checkRows(Int32Array.from(values, Number), Number(channels4bit));
  expect(found ?? "valid").toEqual(problem === "valid" ? "valid" : { problem, entry: Number(entry) });
});

test("the C header is held to the same table, as C and as C++", { timeout: 120_000 }, async () => {
  const { passed } = await runNativeTests("common/format/test");
  expect(passed).toEqual(["mixllm-format-c", "mixllm-format-cpp"]);
});
