import path from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { NativeJob } from "../../common/nativeJob.js";
import { packageRoot } from "../../common/package.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import { arraySources, readTensorFile, writeTensorFile } from "../checkpoint/tensorFile.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import type { ConvertModelOptions } from "../convertModel.js";
import { convert } from "../testing/convert.js";
import { readGgufFile } from "../testing/readGgufFile.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

const directory = temporaryDirectory();
const salience = path.join(directory, "salience.safetensors");

/** Converts the demo model by search and GPTQ. */
async function run(
  name: string,
  changes: Partial<ConvertModelOptions> = {}
): Promise<{ said: unknown; search: unknown; tensors: ReadonlyMap<string, string>; warnings: string[] }> {
  const output = path.join(directory, `${name}.gguf`);
  const { mixed, warnings } = await convert({
    source: path.join(packageRoot, "models/demo"),
    output,
    search: "global",
    method: "gptq",
    calibration: {
      files: [path.join(packageRoot, "README.md")],
      samples: 4,
      sequenceLength: 64,
      workDirectory: `${output}.work`,
      memory: 2 ** 30
    },
    ...changes
  });
  const { metadata, tensors } = readGgufFile(output);
  expect(metadata.get("mixllm.row_feedback")).toEqual({ type: "STRING", value: mixed?.rowFeedback });
  return {
    said: mixed?.rowFeedback,
    search: mixed?.search,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor.sha256])),
    warnings
  };
}

let fed: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  fed = await run("fed", { salience });
}, 120_000);

test("output channels of every linear make good for each other's errors", () => {
  expect(fed.said).toBe("28 tensors");
  expect(fed.warnings).toEqual([]);
});

test("a kept search gives the bytes of one that has just been made", async () => {
  expect((await run("kept", { salience })).tensors).toEqual(fed.tensors);
  expect((await run("again")).tensors).toEqual(fed.tensors);
});

test("a kept search without gradients chooses the same channels, which are quantized by themselves", async () => {
  const without = path.join(directory, "without.safetensors");
  const { metadata } = await readTensorFile(salience);
  const arrays = await arraySources(salience);
  const rest = arrays.filter(({ name }) => !name.endsWith(".moment"));
  expect(rest).toHaveLength(arrays.length - 28);
  await writeTensorFile(without, rest, metadata);
  const alone = await run("alone", { salience: without });
  expect(alone.said).toBe("off");
  expect(alone.warnings).toEqual([expect.stringContaining(`${without} was made by an earlier version`)]);
  const widths = (names: ReadonlyMap<string, string>): (string | undefined)[] =>
    [...names].filter(([name]) => name.endsWith("mask")).map(([, sha256]) => sha256);
  expect([...alone.tensors.keys()]).toEqual([...fed.tensors.keys()]);
  expect(widths(alone.tensors)).toEqual(widths(fed.tensors));
  expect(alone.tensors.get("blk.1.ffn_up.weight.w4")).not.toBe(fed.tensors.get("blk.1.ffn_up.weight.w4"));
});

test("a kept search whose gradients are of another shape is refused", async () => {
  const damaged = path.join(directory, "damaged.safetensors");
  const { metadata } = await readTensorFile(salience);
  const arrays = (await arraySources(salience)).map((array) =>
    array.name === "blk.1.ffn_up.weight.moment"
      ? { ...array, bytes: array.bytes - 2, read: async () => (await array.read()).subarray(2) }
      : array
  );
  await writeTensorFile(damaged, arrays, metadata);
  await expect(run("damaged", { salience: damaged })).rejects.toThrow(
    `${damaged} has no salience for the 768 channels of blk.1.ffn_up.weight`
  );
});

test("where there is nothing to choose, the gradients are still found", async () => {
  const none = await run("none", { budget: { unit: "percent", percent: 0 } });
  expect(none).toMatchObject({ said: "28 tensors", search: "none" });
  const all = await run("all", { budget: { unit: "percent", percent: 100 } });
  expect(all).toMatchObject({ said: "off", search: "none" });
});

test("of fewer samples, evenly spread, unless the search is kept", async () => {
  const addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
  const head = vi.spyOn(addon, "headLoss");
  const backward = vi.spyOn(addon, "backwardSection");
  const calibration = {
    files: [path.join(packageRoot, "README.md")],
    samples: 100,
    sequenceLength: 64,
    workDirectory: path.join(directory, "few.work")
  };
  const options = { budget: { unit: "percent", percent: 0 }, calibration } as const;
  await run("few", options);
  await run("many", { ...options, salience: path.join(directory, "many.safetensors") });
  const losses = await Promise.all(
    head.mock.results.map(async ({ value }) => [...(await (value as NativeJob<Float64Array>).result)])
  );
  const [few, many] = losses;
  // 2048 of 6400 tokens.
  expect(many).toHaveLength(100);
  expect(few).toEqual(Array.from({ length: 32 }, (_, i) => expect.closeTo(many?.[3 * i] ?? NaN, 4) as number));
  expect(backward.mock.calls.map(([{ calibration: part }, , , , alone]) => [part.samples, alone])).toEqual([
    ...Array.from({ length: 4 }, () => [32, true]),
    ...Array.from({ length: 4 }, () => [100, false])
  ]);
  vi.restoreAllMocks();
});

test("weights of fixed width are fed too", async () => {
  expect((await run("fixed", { overrides: [{ pattern: /ffn_up/, treatment: "4" }] })).said).toBe("28 tensors");
});

test.each([
  ["weight_error", "gptq"],
  ["global", "rtn"]
] as const)("--search %s --method %s has no feedback between output channels", async (search, method) => {
  expect((await run(`${search}-${method}`, { search, method })).said).toBe("off");
});
