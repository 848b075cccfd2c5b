import { loadBenchAddon } from "../loadBenchAddon.js";
import { readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { measureSpeed } from "../speed/measureSpeed.js";
import { prepareBenchAddon, convertDemo } from "../testing/benchTests.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { quantizeStock } from "./quantizeStock.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  await convertDemo(file("f16.gguf"));
}, 300_000);

describe("stock quantization", () => {
  test.each(["Q8_0", "q4_k_m", "IQ4_XS"])("to %s makes a model of that type", async (type) => {
    const progress: number[] = [];
    const output = file(`${type}.gguf`);
    await quantizeStock(loadBenchAddon, file("f16.gguf"), output, type, {
      onProgress: (done, total) => progress.push(done / total)
    });
    const report = await measureSpeed(loadBenchAddon, { models: [output], prompt: [0], generate: [1], repeat: 1 });
    expect(report.models[0]!.type).toBe(type.toUpperCase());
    expect((await stat(output)).size).toBeLessThan((await stat(file("f16.gguf"))).size * 0.65);
    expect(progress.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
  });

  test("has a name for each type", async () => {
    const types = (await loadBenchAddon()).stockTypes();
    expect(types).toContain("Q4_K_M");
    expect(new Set(types).size).toBe(types.length);
  });

  test("keeps an existing output unless forced", async () => {
    await writeFile(file("kept.gguf"), "mine");
    await expect(quantizeStock(loadBenchAddon, file("f16.gguf"), file("kept.gguf"), "Q8_0")).rejects.toThrow(
      /exists already/
    );
    expect((await stat(file("kept.gguf"))).size).toBe(4);
    await quantizeStock(loadBenchAddon, file("f16.gguf"), file("kept.gguf"), "Q8_0", { force: true });
    expect((await stat(file("kept.gguf"))).size).toBeGreaterThan(4);
  });

  test.each([
    ["an unknown type", "f16.gguf", "Q9_X", {}, /^there is no quantization type Q9_X; llama\.cpp has F32, /],
    ["a quantized input", "Q8_0.gguf", "Q4_0", {}, /Q8_0\.gguf is quantized already: .* is q8_0/],
    ["a missing input", "none.gguf", "Q4_0", {}, /^cannot read .*none\.gguf: no such file/],
    ["a type that needs a matrix", "f16.gguf", "IQ2_XXS", {}, /importance matrix|imatrix/],
    ["a matrix that is a model", "f16.gguf", "Q4_K_M", { imatrix: "f16.gguf" }, /is not an importance matrix/]
  ])(
    "%s is one clear message and leaves nothing behind",
    async (_, input, type, { imatrix }: { imatrix?: string }, message) => {
      const output = file("refused.gguf");
      const options = imatrix === undefined ? {} : { imatrix: file(imatrix) };
      await expect(quantizeStock(loadBenchAddon, file(input), output, type, options)).rejects.toThrow(message);
      expect((await readdir(dirname(output))).filter((name) => name.startsWith("refused"))).toEqual([]);
    }
  );
});
