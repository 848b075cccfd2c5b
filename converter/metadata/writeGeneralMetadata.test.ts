import { expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { TinyModel } from "../testing/TinyModel.js";
import { writeGeneralMetadata } from "./writeGeneralMetadata.js";

const parent = temporaryDirectory();

async function describe(files: Record<string, string>, name = "tiny-model"): Promise<[string, unknown][]> {
  const model = new TinyModel();
  model.files = files;
  const directory = await ModelDirectory.open(model.write(parent, name));
  const metadata = new Metadata();
  await writeGeneralMetadata(metadata, directory, await directory.readJson("config.json"), 1_235_814_400);
  return metadata.entries().map(({ key, value }) => [key, value]);
}

test("without a model card the directory's name is all there is", async () => {
  expect(await describe({}, "Llama-3.2-1B-Instruct")).toEqual([
    ["general.type", "model"],
    ["general.name", "Llama 3.2 1B Instruct"],
    ["general.finetune", "Instruct"],
    ["general.basename", "Llama-3.2"],
    ["general.size_label", "1B"]
  ]);
});

test("a model card gives licence, origin, tags and languages", async () => {
  const card = `---
license: other
license_name: llama3.2
license_link: https://example.org/licence
base_model:
- meta-llama/Llama-3.2-1B
datasets: some/data-v2
tags:
- chat
pipeline_tag: text-generation
language:
- en
- no
author: 	Someone
---
# A model`;
  expect(await describe({ "README.md": card })).toEqual([
    ["general.type", "model"],
    ["general.name", "Tiny Model"],
    ["general.author", "Someone"],
    ["general.size_label", "1.2B"],
    ["general.license", "other"],
    ["general.license.name", "llama3.2"],
    ["general.license.link", "https://example.org/licence"],
    ["general.base_model.count", 1],
    ["general.base_model.0.name", "Llama 3.2 1B"],
    ["general.base_model.0.organization", "Meta Llama"],
    ["general.base_model.0.repo_url", "https://huggingface.co/meta-llama/Llama-3.2-1B"],
    ["general.dataset.count", 1],
    ["general.dataset.0.name", "Data v2"],
    ["general.dataset.0.version", "v2"],
    ["general.dataset.0.organization", "Some"],
    ["general.dataset.0.repo_url", "https://huggingface.co/some/data-v2"],
    ["general.tags", ["chat", "text-generation"]],
    ["general.languages", ["en", "no"]]
  ]);
});

test("recommended sampling is kept, values of the wrong type are not", async () => {
  const config = { temperature: 0.6, top_p: 0.9, top_k: 20.5, repetition_penalty: 1.1, min_p: "0.1", do_sample: true };
  expect((await describe({ "generation_config.json": JSON.stringify(config) })).slice(1, 5)).toEqual([
    ["general.sampling.top_p", 0.9],
    ["general.sampling.temp", 0.6],
    ["general.sampling.penalty_repeat", 1.1],
    ["general.name", "Tiny Model"]
  ]);
});

test.each(["no front matter", "---\nnever ends", "---\n[a list]\n---", "---\n: : :\n\t- {\n---"])(
  "a card like %j costs its metadata only",
  async (card) => {
    expect((await describe({ "README.md": card })).map(([key]) => key)).toEqual([
      "general.type",
      "general.name",
      "general.size_label"
    ]);
  }
);
