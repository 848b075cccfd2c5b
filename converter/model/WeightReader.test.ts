import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { encodeSafetensors } from "../../testing/encodeSafetensors.js";
import { TinyModel } from "../testing/TinyModel.js";
import type { ModelTensor, SourceModel } from "./SourceModel.js";
import { openModel } from "./openModel.js";
import { WeightReader } from "./WeightReader.js";

const directory = temporaryDirectory();
const signal = new AbortController().signal;
const open = (path: string): Promise<SourceModel> => openModel(path, { warn: () => undefined });
let model: SourceModel;
beforeAll(async () => {
  model = await open(new TinyModel().write(directory));
});
afterAll(() => model.close());

const tensor = (target: string): ModelTensor => model.tensors.find(({ spec }) => spec.target === target) as ModelTensor;

test.each([1, 300, 4096, 1e9])("chunks of %d bytes join to the whole tensor", async (chunkBytes) => {
  const embedding = tensor("token_embd.weight");
  const whole = await new WeightReader(model.weights, signal).read(embedding);
  const parts: Uint8Array[] = [];
  let next = 0;
  for await (const { source, start } of new WeightReader(model.weights, signal, chunkBytes).chunks(embedding)) {
    expect(start).toBe(next);
    expect(source.data.length).toBe(source.rows * embedding.columns * 4);
    next += source.rows;
    parts.push(source.data);
  }
  expect(next).toBe(embedding.rows);
  expect(Buffer.concat(parts).equals(whole.data)).toBe(true);
});

test("the fingerprint is that of the weights, not of how they are read or sharded", async () => {
  const fingerprint = async (source: SourceModel, chunkBytes: number): Promise<string> => {
    const reader = new WeightReader(source.weights, signal, chunkBytes);
    for (const each of source.tensors)
      for await (const chunk of reader.chunks(each)) expect(chunk.source.rows).toBeGreaterThan(0);
    return reader.fingerprint(source.tensors);
  };
  const expected = await fingerprint(model, 1e9);
  expect(await fingerprint(model, 512)).toBe(expected);

  const sharded = new TinyModel();
  const files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  sharded.files = { "model.safetensors": undefined };
  for (const [i, file] of files.entries()) {
    sharded.files[file] = encodeSafetensors(sharded.tensors.filter((_, index) => index % 2 === i));
  }
  const other = await open(sharded.write(directory, "sharded"));
  expect(await fingerprint(other, 1e9)).toBe(expected);
  await other.close();

  const changed = new TinyModel();
  changed.tensor("model.norm.weight").data[0] = 2;
  const different = await open(changed.write(directory, "changed"));
  expect(await fingerprint(different, 1e9)).not.toBe(expected);
  await different.close();
});

test("query rows come in llama.cpp's rotary order", async () => {
  const query = tensor("blk.0.attn_q.weight");
  const source = new TinyModel().tensor("model.layers.0.self_attn.q_proj.weight").data as Float32Array;
  const rows = new Float32Array((await new WeightReader(model.weights, signal).read(query)).data.buffer);
  // Heads of 16: row 1 of a head is the first of its second half.
  expect([...rows.subarray(64, 128)]).toEqual([...source.subarray(8 * 64, 9 * 64)]);
  expect([...rows.subarray(17 * 64, 18 * 64)]).toEqual([...source.subarray((16 + 8) * 64, (16 + 9) * 64)]);
});
