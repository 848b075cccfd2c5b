import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import { convert } from "../../converter/testing/convert.js";
import { readGgufFile } from "../../converter/testing/readGgufFile.js";
import { writeForm } from "../../testing/forms/forms.js";
import { loadBenchAddon } from "../loadBenchAddon.js";
import { measureQuality } from "../quality/measureQuality.js";
import { convertDemo, prepareBenchAddon } from "../testing/benchTests.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { madeUpText } from "../../testing/madeUpText.js";
import { quantizeStock } from "./quantizeStock.js";
import { computeImportanceMatrix } from "./computeImportanceMatrix.js";

prepareBenchAddon();
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  await writeFile(file("calibration.txt"), madeUpText(1, 4000));
  await writeFile(file("text.txt"), madeUpText(2, 4000));
  await convertDemo(file("f16.gguf"));
  await computeImportanceMatrix(loadBenchAddon, {
    model: file("f16.gguf"),
    text: file("calibration.txt"),
    output: file("imatrix.gguf"),
    context: 256,
    chunks: 4
  });
}, 300_000);

describe("an importance matrix", () => {
  test("has sums and counts for every linear weight of the decoder blocks", async () => {
    const { metadata, tensors } = await readGgufHeader(file("imatrix.gguf"));
    expect(metadata.get("general.type")).toBe("imatrix");
    expect(metadata.get("imatrix.chunk_count")).toBe(4);
    expect(metadata.get("imatrix.chunk_size")).toBe(256);
    const model = await readGgufHeader(file("f16.gguf"));
    const linears = model.tensors.filter(({ name, dimensions }) => name.startsWith("blk.") && dimensions.length === 2);
    expect(linears).toHaveLength(28);
    expect(tensors.map(({ name }) => name).sort()).toEqual(
      linears.flatMap(({ name }) => [`${name}.counts`, `${name}.in_sum2`]).sort()
    );
    for (const { name, dimensions } of linears) {
      const sums = tensors.find((tensor) => tensor.name === `${name}.in_sum2`);
      expect(sums?.dimensions[0]).toBe(dimensions[0]);
    }
  });

  test("makes a stock quantization better on text like its own", { timeout: 300_000 }, async () => {
    const options = { imatrix: file("imatrix.gguf") };
    await quantizeStock(loadBenchAddon, file("f16.gguf"), file("with.gguf"), "Q4_K_S", options);
    await quantizeStock(loadBenchAddon, file("f16.gguf"), file("without.gguf"), "Q4_K_S");
    const divergence = async (model: string): Promise<number> => {
      const reference = file("f16.gguf");
      const { comparison } = await measureQuality(loadBenchAddon, {
        model,
        reference,
        text: file("text.txt"),
        chunks: 6
      });
      return comparison!.kld.mean;
    };
    expect(await divergence(file("with.gguf"))).toBeLessThan(await divergence(file("without.gguf")));
  });

  test("counts each expert's tokens apart", { timeout: 300_000 }, async () => {
    await convert({ source: writeForm("qwen3moe", directory), output: file("experts.gguf"), format: "f16" });
    await computeImportanceMatrix(loadBenchAddon, {
      model: file("experts.gguf"),
      text: file("calibration.txt"),
      output: file("experts.imatrix.gguf"),
      context: 256,
      chunks: 3
    });
    const { tensors } = readGgufFile(file("experts.imatrix.gguf"));
    const floats = (name: string): number[] => {
      const tensor = tensors.find((each) => each.name === name);
      return Array.from({ length: (tensor?.data.length ?? 0) / 4 }, (_, i) => tensor?.data.readFloatLE(4 * i) ?? NaN);
    };
    const [experts, used] = [4, 2];
    for (const block of ["blk.0", "blk.1"]) {
      const router = floats(`${block}.ffn_gate_inp.weight.in_sum2`);
      for (const kind of ["gate", "up", "down"]) {
        const counts = floats(`${block}.ffn_${kind}_exps.weight.counts`);
        expect(counts).toHaveLength(experts);
        expect(counts.reduce((sum, count) => sum + count)).toBe(used * 3 * 256);
      }
      // Gate's experts read what the router does: each token in as many of them as are chosen.
      const sums = floats(`${block}.ffn_gate_exps.weight.in_sum2`);
      expect(sums).toHaveLength(experts * router.length);
      for (const [input, sum] of router.entries()) {
        const all = sums.reduce((total, value, i) => (i % router.length === input ? total + value : total), 0);
        expect(Math.abs(all / (used * sum) - 1)).toBeLessThan(1e-5);
      }
    }
    const options = { imatrix: file("experts.imatrix.gguf") };
    await quantizeStock(loadBenchAddon, file("experts.gguf"), file("experts.q4_0.gguf"), "Q4_0", options);
    await quantizeStock(loadBenchAddon, file("experts.gguf"), file("experts.plain.gguf"), "Q4_0");
    const weights = (name: string): Buffer | undefined =>
      readGgufFile(file(name)).tensors.find((each) => each.name === "blk.1.ffn_gate_exps.weight")?.data;
    expect(weights("experts.q4_0.gguf")?.equals(weights("experts.plain.gguf") as Buffer)).toBe(false);
  });

  test("needs a text of at least one chunk", async () => {
    await writeFile(file("short.txt"), "short");
    const computing = computeImportanceMatrix(loadBenchAddon, {
      model: file("f16.gguf"),
      text: file("short.txt"),
      output: file("none.gguf")
    });
    await expect(computing).rejects.toThrow(/^the calibration text short\.txt is too short: it has \d+ tokens/);
  });
});
