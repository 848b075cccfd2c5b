import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { openModel } from "../model/openModel.js";
import { TinyModel } from "../testing/TinyModel.js";

// That the converter runs where Python has its packages is not tested here: neither belongs to this package.

const directory = temporaryDirectory();

afterEach(() => vi.unstubAllEnvs());

async function refusal(change: (folder: string) => void = () => undefined): Promise<InvalidInputError> {
  const model = new TinyModel();
  model.config["architectures"] = ["MambaForCausalLM"];
  const folder = model.write(directory);
  change(folder);
  const before = readdirSync(directory);
  const error = await openModel(folder, { warn: (message) => expect.unreachable(message) }, directory).catch(
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(readdirSync(directory)).toEqual(before);
  return error as InvalidInputError;
}

test("without Python, an architecture without a reader is refused with what to install", async () => {
  vi.stubEnv("PATH", path.join(directory, "empty"));
  const { message, fix } = await refusal();
  expect(message).toBe(
    'architecture "MambaForCausalLM" is not supported here, and llama.cpp\'s own converter cannot be used: there is no ' +
      "Python on PATH"
  );
  expect(fix).toMatch(/^Install Python 3 and its packages numpy, torch.*, or give a BF16 or F16 GGUF of the model/);
});

test("Python without the packages is refused with the command that installs them", async () => {
  const python = path.join(directory, "python3");
  writeFileSync(python, "#!/bin/sh\necho torch sentencepiece\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${directory}${path.delimiter}${process.env["PATH"] ?? ""}`);
  const { message, fix } = await refusal();
  expect(message).toContain("Python lacks packages: torch sentencepiece");
  expect(fix).toContain("-m pip install torch sentencepiece`");
});

test.each<[string, (folder: string) => void]>([
  ["a file of code", (folder) => writeFileSync(path.join(folder, "modeling_x.py"), "")],
  [
    "a reference to code",
    (folder) => writeFileSync(path.join(folder, "tokenizer_config.json"), '{"auto_map": {"AutoTokenizer": "x--y.Z"}}')
  ]
])("a model with %s is not given to a converter that would run it", async (_, change) => {
  expect((await refusal(change)).message).toContain("the model comes with code of its own");
});
