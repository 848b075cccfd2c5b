import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { floatsOf, readTensorFile } from "../checkpoint/tensorFile.js";
import { SafetensorsFile } from "../safetensors/SafetensorsFile.js";
import { convert } from "../testing/convert.js";

const directory = temporaryDirectory();
const shared = path.join(packageRoot, "../shared");
const folder = path.join(shared, "models/architectures");
const names = existsSync(folder)
  ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  : [];
if (names.length === 0) console.warn(`SKIPPED: ${folder} is not there, so only the demo model's salience was checked.`);

/** Least Spearman correlation with the reference; llama.cpp and the original framework differ somewhere in gemma4. */
const leastCorrelation = (name: string): number => (name === "gemma4" ? 0.98 : 0.995);

/** Each value's place in ascending order. */
function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}

describe.skipIf(names.length === 0)("models of many architectures", () => {
  test.each(names)("the salience of %s's linears is the original framework's", { timeout: 900_000 }, async (name) => {
    const salience = path.join(directory, `${name}.safetensors`);
    const { mixed } = await convert({
      source: path.join(folder, name, "model-bf16.gguf"),
      output: path.join(directory, `${name}.gguf`),
      embeddingType: "q8_0",
      outputType: "q8_0",
      search: "global",
      salience,
      method: "rtn",
      calibration: {
        files: [path.join(shared, "text/calib.txt")],
        samples: 8,
        sequenceLength: 256,
        workDirectory: path.join(directory, `${name}.work`),
        memory: 2 ** 31
      }
    });
    expect(mixed?.search).toBe("global");
    const found = (await readTensorFile(salience)).arrays;
    const reference = await SafetensorsFile.open(path.join(folder, name, "reference-salience.safetensors"));
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (const tensor of reference.tensors) {
      const own = found.get(`${tensor.name}.taylor`);
      if (own === undefined) {
        expect(tensor.name).not.toContain("_exps."); // but for what is too small or too sensitive
        continue;
      }
      const values = new Uint8Array(tensor.byteLength);
      await reference.read(tensor, 0, values);
      expect(own).toHaveLength(values.length);
      ours.push(...floatsOf(own));
      theirs.push(...floatsOf(values));
    }
    await reference.close();
    expect(ours.length).toBeGreaterThan(1000);

    const [a, b] = [ranksOf(ours), ranksOf(theirs)];
    const count = ours.length;
    const squares = a.reduce((sum, rank, i) => sum + (rank - (b[i] ?? NaN)) ** 2, 0);
    const correlation = 1 - (6 * squares) / (count * (count ** 2 - 1));
    const top = Math.floor(count / 10);
    const shared10 = a.filter((rank, i) => rank >= count - top && (b[i] ?? 0) >= count - top).length;
    console.info(`${name}: ${count} channels, Spearman ${correlation}, equal 10 % sets ${shared10 / top}`);
    expect(correlation).toBeGreaterThanOrEqual(leastCorrelation(name));
    expect(shared10 / top).toBeGreaterThanOrEqual(0.97);
  });
});
