import { beforeAll, expect, test } from "vitest";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
import type { ConverterAddon } from "./ConverterAddon.js";

let addon: ConverterAddon;
beforeAll(async () => {
  addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
});

const source = (changes: object = {}): never =>
  ({ data: new Uint8Array(2 * 8 * 4), type: "f32", rows: 2, columns: 8, ...changes }) as never;

test.each([
  ["an object", () => addon.findNonFinite(7 as never, 1), "source must be an object, not 7"],
  ["nothing", () => addon.findNonFinite(undefined as never, 1), "source must be an object, not undefined"],
  ["a count", () => addon.findNonFinite(source(), 0), "threads must be an integer from 1 to 2147483647, not 0"],
  [
    "a fraction",
    () => addon.findNonFinite(source({ rows: 1.5 }), 1),
    "source.rows must be an integer from 0 to 9007199254740991, not 1.5"
  ],
  [
    "rows beyond all memory",
    () => addon.findNonFinite(source({ rows: 2 ** 50 }), 1),
    "source.rows must be at most 281474976710656 for so many columns, not 1125899906842624"
  ],
  [
    "a type",
    () => addon.findNonFinite(source({ type: "f33" }), 1),
    'source.type must be the name of a tensor type, not "f33"'
  ],
  [
    "another type",
    () => addon.findNonFinite(source({ type: "q8_0" }), 1),
    'source.type must be f32, f16, bf16 or mxfp4, not "q8_0"'
  ],
  [
    "data that is too short",
    () => addon.findNonFinite(source({ data: new Uint8Array(63) }), 1),
    "source.data must be a Uint8Array of 64, not a Uint8Array of 63"
  ],
  [
    "factors of no equal parts",
    () => addon.findNonFinite(source({ columnFactors: new Float32Array(24) }), 1),
    "source.columnFactors must be as many numbers as columns, or that for each of some equal parts of the rows, " +
      "not a Float32Array of 24"
  ],
  [
    "other numbers",
    () => addon.weightError(source(), new Float32Array(2) as never, 1),
    "out must be a Float64Array, not a Float32Array of 2"
  ],
  [
    "a buffer that is too small",
    () =>
      addon.quantizeWeight(
        source({ rows: 16, columns: 32, data: new Uint8Array(2048) }),
        new Uint8Array(16),
        1,
        { w4: new Uint8Array(252) } as never,
        1
      ),
    "out.w4 must be a Uint8Array of 256, not a Uint8Array of 252"
  ],
  [
    "a buffer off its numbers' boundary",
    () =>
      addon.quantizeWeight(
        source({ rows: 16, columns: 32, data: new Uint8Array(2048) }),
        new Uint8Array(16),
        1,
        { w4: new Uint8Array(256), w4_scale: new Uint8Array(new ArrayBuffer(33), 1) } as never,
        1
      ),
    "out.w4_scale must be a Uint8Array at a multiple of 2 bytes, not a Uint8Array of 32"
  ],
  ["text", () => addon.tokenize("vocabulary.gguf", ["a"] as never, 1), "text must be a string, not an array"]
])("%s that is not what it must be is named", (_, call, message) => {
  expect(call).toThrow(new TypeError(message));
});

test("a file that is no model is bad input, with llama.cpp's reason", async () => {
  await expect(addon.tokenize("/nowhere/vocabulary.gguf", "a", 1).result).rejects.toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/^cannot load \/nowhere\/vocabulary\.gguf: ./) as string
  });
});

test("a job that is canceled before it begins does nothing", async () => {
  // Enough before it that no thread has come to it yet.
  const large = { ...(source() as object), data: new Uint8Array(2 ** 24), rows: 2 ** 19 } as never;
  const others = Array.from({ length: 32 }, () => addon.findNonFinite(large, 1));
  const job = addon.weightError(source(), new Float64Array(2), 1);
  job.cancel();
  await expect(job.result).rejects.toMatchObject({ code: "CANCELED" });
  await Promise.all(others.map(({ result }) => result));
});
