import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { writeForm } from "../../testing/forms/forms.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { openModel } from "../model/openModel.js";
import type { SourceModel } from "../model/SourceModel.js";

const directory = temporaryDirectory();
const open = (folder: string): Promise<SourceModel> =>
  openModel(folder, { warn: (message) => expect.unreachable(message) });

/** Puts a form inside a model with other senses: its configuration under `text_config`, its weights renamed. */
function wrap(folder: string, architecture: string, rename: (name: string) => string, others: readonly string[]): void {
  const config = path.join(folder, "config.json");
  const inner = JSON.parse(readFileSync(config, "utf8")) as object;
  writeFileSync(
    config,
    JSON.stringify({
      architectures: [architecture],
      text_config: inner,
      vision_config: { depth: 2 },
      image_token_id: 7
    })
  );
  const weights = path.join(folder, "model.safetensors");
  const file = readFileSync(weights);
  const length = Number(file.readBigUInt64LE());
  const entries = Object.entries(JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<string, object>);
  const renamed = Object.fromEntries(entries.map(([name, entry]) => [rename(name), entry]));
  const empty = Object.fromEntries(others.map((name) => [name, { dtype: "BF16", shape: [0], data_offsets: [0, 0] }]));
  const header = Buffer.from(JSON.stringify({ ...renamed, ...empty }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(weights, Buffer.concat([size, header, file.subarray(8 + length)]));
}

const deeper = (name: string): string => name.replace(/^model\./, "model.language_model.");
const older = (name: string): string => `language_model.${name}`;

test.each([
  ["gemma3-spm", "Gemma3ForConditionalGeneration", deeper, ["model.vision_tower.x.weight"]],
  ["gemma3-spm", "Gemma3ForConditionalGeneration", older, ["vision_tower.x.weight", "multi_modal_projector.y"]],
  ["ministral3", "Mistral3ForConditionalGeneration", older, ["multi_modal_projector.norm.weight"]],
  ["ministral3", "Mistral3ForConditionalGeneration", deeper, ["model.vision_tower.x.weight"]],
  ["qwen35", "Qwen3_5ForConditionalGeneration", deeper, ["model.visual.blocks.0.x.weight", "mtp.fc.weight"]]
])("the text part of a %s inside a %s is the model itself", async (form, architecture, rename, others) => {
  const parent = path.join(directory, `${form}-${rename.name}`);
  const plain = await open(writeForm(form, path.join(parent, "plain")));
  const folder = writeForm(form, path.join(parent, "wrapped"));
  wrap(folder, architecture, rename, others);
  const wrapped = await open(folder);

  expect((await wrapped.metadata(1)).entries()).toEqual((await plain.metadata(1)).entries());
  const described = (model: SourceModel): unknown =>
    model.tensors
      .map(({ spec: { target, shape }, type, stored: { byteLength } }) => ({ target, shape, type, byteLength }))
      .sort((a, b) => (a.target < b.target ? -1 : 1));
  expect(described(wrapped)).toEqual(described(plain));
  await plain.close();
  await wrapped.close();
});
