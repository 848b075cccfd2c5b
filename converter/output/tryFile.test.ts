import { readdirSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { packageRoot } from "../../common/package.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { convert } from "../testing/convert.js";
import { EditableGguf } from "../testing/EditableGguf.js";
import { TinyModel } from "../testing/TinyModel.js";
import { tryFile } from "./tryFile.js";

const directory = temporaryDirectory();
const file = (name: string): string => path.join(directory, name);
let addon: ConverterAddon;
let tiny: EditableGguf;
beforeAll(async () => {
  addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
  await convert({ source: new TinyModel().write(directory), output: file("tiny.gguf"), format: "f16" });
  tiny = await EditableGguf.read(file("tiny.gguf"));
});

/** What the trial of the tiny model warns of after a change to its file. */
async function attempt(change: (model: EditableGguf) => void): Promise<string[]> {
  const edited = tiny.copy();
  change(edited);
  const warnings: string[] = [];
  const signal = new AbortController().signal;
  await tryFile(addon.file, edited.write(file("tried.gguf")), { signal, warn: (message) => warnings.push(message) });
  return warnings;
}

/** A metadata value: a list of texts. */
function texts(values: readonly string[]): Uint8Array {
  const encoded = values.map((value) => Buffer.from(value));
  const parts = encoded.flatMap((bytes) => [new Uint8Array(BigUint64Array.of(BigInt(bytes.length)).buffer), bytes]);
  return Buffer.concat([new Uint8Array(Uint32Array.of(9, 8, values.length, 0).buffer), ...parts]);
}

const numbered = (renamed: Record<number, string>): Uint8Array =>
  texts(Array.from({ length: 264 }, (_, id) => renamed[id] ?? `token ${id}`));

test("a file that llama.cpp loads and tokenizes with passes", async () => {
  expect(await attempt(() => undefined)).toEqual([]);
});

test("a MixLLM file passes as well, with channels of either width", async () => {
  for (const percent of [0, 10, 100]) {
    const { warnings } = await convert({
      source: file("tiny.gguf"),
      output: file(`mixed-${percent}.gguf`),
      budget: { unit: "percent", percent }
    });
    expect(warnings).toEqual([]);
  }
});

test.each<[string, (model: EditableGguf) => void, RegExp]>([
  ["an unknown pre-tokenizer", (m) => m.setString("tokenizer.ggml.pre", "odd"), /unknown pre-tokenizer type: 'odd'/],
  ["no merges", (m) => m.metadata.delete("tokenizer.ggml.merges"), /cannot find tokenizer merges/],
  ["a missing tensor", (m) => m.tensors.splice(5, 1), /tensor 'blk\.0\.\w+\.weight' not found/],
  [
    "a tensor too many",
    (m) => m.tensors.push({ ...m.tensor("output_norm.weight"), name: "x" }),
    /wrong number of tensors/
  ],
  [
    "another shape than the architecture's",
    (m) => (m.tensor("blk.0.attn_k.weight").ne = [32, 64]),
    /tensor 'blk\.0\.attn_k\.weight' has wrong shape/
  ],
  [
    "two tokens that are the same, over which llama.cpp aborts",
    (m) => m.metadata.set("tokenizer.ggml.tokens", numbered({ 7: "token 8" })),
    /GGML_ASSERT\(id_to_token\.size\(\) == token_to_id\.size\(\)\) failed/
  ],
  [
    "bytes without tokens, over which tokenizing throws",
    asSentencePiece,
    /unordered_map::at|_Map_base::at|out_of_range/
  ]
])("%s: refused with one line", async (_, change, message) => {
  const error: unknown = await attempt(change).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
});

/** The vocabulary as that of a SentencePiece model without byte fallback. */
function asSentencePiece(model: EditableGguf): void {
  model.setString("tokenizer.ggml.model", "llama");
  model.metadata.set("tokenizer.ggml.tokens", numbered({}));
}

test("text that is not given back as it was is said", async () => {
  const given = await attempt((model) => {
    const bytes = Buffer.from(model.metadata.get("tokenizer.ggml.tokens") ?? []);
    // The text of the token for "q", behind its length.
    const at = bytes.indexOf(Buffer.concat([new Uint8Array(BigUint64Array.of(1n).buffer), Buffer.from("q")]));
    bytes[at + 8] = 0x20; // a space, which byte-level BPE writes in another way
    model.metadata.set("tokenizer.ggml.tokens", bytes);
  });
  expect(given).toEqual([expect.stringContaining("does not give every text back as it was")]);
});

test("a conversion that fails so leaves no file, and fails before it calibrates", async () => {
  const odd = tiny.copy();
  odd.setString("tokenizer.ggml.pre", "odd");
  const source = odd.write(file("odd.gguf"));
  const before = readdirSync(directory);
  const output = file("refused.gguf");
  await expect(convert({ source, output, format: "f16" })).rejects.toThrow("unknown pre-tokenizer type: 'odd'");
  const calibration = {
    files: [path.join(packageRoot, "README.md")],
    samples: 2,
    sequenceLength: 32,
    workDirectory: `${output}.work`,
    memory: 2 ** 30
  };
  await expect(convert({ source, output, search: "global", method: "gptq", calibration })).rejects.toThrow(
    "unknown pre-tokenizer type: 'odd'"
  );
  expect(readdirSync(directory)).toEqual(before);
});

test("it can be canceled", async () => {
  const controller = new AbortController();
  const trial = tryFile(addon.file, file("tiny.gguf"), { signal: controller.signal, warn: () => undefined });
  controller.abort(new Error("enough"));
  await expect(trial).rejects.toThrow("enough");
});
