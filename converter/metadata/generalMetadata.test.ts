import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { TinyModel } from "../testing/TinyModel.js";
import { writeGeneralMetadata } from "./generalMetadata.js";
import { readGenerationConfig } from "./generationConfig.js";

const parent = temporaryDirectory();

async function describe(
  files: Record<string, string | Uint8Array>,
  name = "tiny-model",
  warn: (message: string) => void = (message) => expect.unreachable(message)
): Promise<[string, unknown][]> {
  const model = new TinyModel();
  model.files = files;
  const directory = await ModelDirectory.open(model.write(parent, name));
  const metadata = new Metadata();
  const generation = await readGenerationConfig(directory, warn);
  const totalParameters = 1_235_814_400;
  await writeGeneralMetadata(metadata, directory, { knownAs: undefined, generation, totalParameters, warn });
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

test("a card that is no UTF-8 text is left out with a warning", async () => {
  const warnings: string[] = [];
  await describe({ "README.md": Uint8Array.of(0xff, 0xfe, 0x2d) }, "tiny-model", (message) => warnings.push(message));
  expect(warnings).toEqual([expect.stringMatching(/^the model card is left out: .*README\.md is not UTF-8 text$/)]);
});

test("a directory of that name, or a side file that is no JSON, is left out with a warning", async () => {
  const directory = new TinyModel().write(parent, "odd");
  mkdirSync(path.join(directory, "README.md"));
  writeFileSync(path.join(directory, "generation_config.json"), "{");
  const warnings: string[] = [];
  const warn = (message: string): unknown => warnings.push(message);
  const opened = await ModelDirectory.open(directory);
  const generation = await readGenerationConfig(opened, warn);
  await writeGeneralMetadata(new Metadata(), opened, { knownAs: undefined, generation, totalParameters: 1, warn });
  expect(warnings).toEqual([expect.stringContaining("is not valid JSON"), expect.stringContaining("README.md")]);
});

test("a directory of a Hugging Face cache is named after the repository", async () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  expect(await describe({}, `models--some-org--Tiny-Llama-1B/snapshots/${commit}`)).toEqual([
    ["general.type", "model"],
    ["general.name", "Tiny Llama 1B"],
    ["general.organization", "Some Org"],
    ["general.basename", "Tiny-Llama"],
    ["general.size_label", "1B"]
  ]);
});

test.each([
  [{ top_k: 4_294_967_296 }, '"top_k" in'],
  [{ temperature: -1e308 }, '"temperature" in'],
  [{ top_p: 2 }, "should be a number from 0 to 1, found 2"],
  [{ repetition_penalty: -1 }, '"repetition_penalty" in']
])("recommended sampling %j is refused by name and range", async (values, message) => {
  await expect(describe({ "generation_config.json": JSON.stringify(values) })).rejects.toThrow(message);
});
