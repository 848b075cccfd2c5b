import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGgufHeader } from "../common/gguf/readGgufHeader.js";
import { packageRoot } from "../common/package.js";
import { InvalidInputError } from "../common/errors.js";
import { convert } from "./testing/convert.js";
import { EditableGguf } from "./testing/EditableGguf.js";
import { readGgufFile } from "./testing/readGgufFile.js";
import { FORMS, writeForm } from "../testing/forms/forms.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { TinyModel } from "./testing/TinyModel.js";

const directory = temporaryDirectory();
const file = (name: string): string => path.join(directory, name);
const demo = path.join(packageRoot, "models/demo");

let tiny: EditableGguf;
beforeAll(async () => {
  await convert({ source: new TinyModel().write(directory), output: file("tiny.gguf"), format: "f16" });
  tiny = await EditableGguf.read(file("tiny.gguf"));
});

/** The demo model with the values F16 cannot hold exactly set to 0. */
function exactDemo(): string {
  const copy = file("exact-demo");
  cpSync(demo, copy, { recursive: true });
  const weights = path.join(copy, "model.safetensors");
  const bytes = readFileSync(weights);
  for (let at = 8 + Number(bytes.readBigUInt64LE()); at < bytes.length; at += 2) {
    const exponent = (bytes.readUInt16LE(at) >> 7) & 255;
    if (exponent < 127 - 14 || exponent > 127 + 15) bytes.writeUInt16LE(0, at);
  }
  writeFileSync(weights, bytes);
  return copy;
}

describe("an F16 GGUF of the demo model", () => {
  let source: string;
  const gguf = file("exact-demo.gguf");
  beforeAll(async () => {
    source = exactDemo();
    await convert({ source, output: gguf, format: "f16" });
  });

  test.each([
    ["text", [path.join(packageRoot, "README.md")]],
    ["its own samples", []]
  ])("quantized by GPTQ on %s gives the tensors that its directory gives", { timeout: 60_000 }, async (_, files) => {
    const tensors = [];
    for (const [name, from] of Object.entries({ directory: source, gguf })) {
      const output = file(`${name}-${files.length}.gguf`);
      await convert({
        source: from,
        output,
        embeddingType: "q6_K",
        search: "global",
        method: "gptq",
        calibration: { files, samples: 4, sequenceLength: 64, workDirectory: `${output}.work`, memory: 2 ** 30 }
      });
      tensors.push(readGgufFile(output).tensors.map(({ name, type, ne, sha256 }) => ({ name, type, ne, sha256 })));
    }
    expect(tensors[1]).toEqual(tensors[0]);
  });

  test("keeps its metadata, tokenizer included", async () => {
    const output = file("metadata.gguf");
    await convert({ source: gguf, output });
    const [before, after] = [readGgufFile(gguf).metadata, readGgufFile(output).metadata];
    for (const [key, value] of before) if (key !== "general.file_type") expect(after.get(key), key).toEqual(value);
    const added = [...after.keys()].filter((key) => !before.has(key));
    expect(added.filter((key) => !key.startsWith("mixllm."))).toEqual([]);
  });
});

describe.each(["demo", ...FORMS])("%s", (name) => {
  let source: string;
  beforeAll(() => {
    source = name === "demo" ? demo : writeForm(name, directory);
  });

  test("converted to F16, and its GGUF to F16 again, is the same file", async () => {
    const outputs = [file(`${name}-1.gguf`), file(`${name}-2.gguf`)] as const;
    await convert({ source, output: outputs[0], format: "f16" });
    await convert({ source: outputs[0], output: outputs[1], format: "f16" });
    expect(readFileSync(outputs[1]).equals(readFileSync(outputs[0]))).toBe(true);
  });

  test("goes through search and GPTQ from its GGUF", async () => {
    const output = file(`${name}-mixed.gguf`);
    const from = file(`${name}.gguf`);
    await convert({ source, output: from, format: "f16" });
    const { warnings } = await convert({
      source: from,
      output,
      search: "global",
      method: "gptq",
      calibration: {
        files: [path.join(packageRoot, "README.md")],
        samples: 2,
        sequenceLength: 64,
        workDirectory: `${output}.work`,
        memory: 2 ** 30
      }
    });
    expect(warnings.filter((warning) => warning.includes("Hessian"))).toEqual([]);
  });
});

test("values of every metadata type pass through as they are", async () => {
  const edited = tiny.copy();
  const values = {
    "x.uint64": Uint8Array.of(10, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 255),
    "x.float64": Uint8Array.of(12, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 255),
    "x.int8": Uint8Array.of(1, 0, 0, 0, 255),
    "x.not-utf8": Uint8Array.of(8, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x00, 0xfe),
    "x.uint16s": Uint8Array.of(9, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)
  };
  for (const [key, value] of Object.entries(values)) edited.metadata.set(key, value);
  await convert({ source: edited.write(file("types.gguf")), output: file("types-out.gguf"), format: "bf16" });
  const { metadata } = await EditableGguf.read(file("types-out.gguf"));
  for (const [key, value] of Object.entries(values)) expect([...(metadata.get(key) ?? [])], key).toEqual([...value]);
});

test("zeros with which llama.cpp's own writer says that a model has no such thing are left out", async () => {
  const edited = tiny.copy();
  for (const key of ["kda.head_dim", "ssm.inner_size"]) edited.setUint32(`llama.${key}`, 0);
  edited.metadata.set("llama.attention.compress_rope_freq_base", Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
  edited.metadata.set("llama.kda.gate_lower_bound", Uint8Array.of(6, 0, 0, 0, 0, 0, 0x80, 0xff));
  await convert({ source: edited.write(file("zeros.gguf")), output: file("zeros-out.gguf") });
  expect([...readGgufFile(file("zeros-out.gguf")).metadata.keys()]).not.toContain("llama.kda.head_dim");
});

test("another alignment is read, and the file written has the usual one", async () => {
  const edited = tiny.copy();
  edited.setUint32("general.alignment", 8);
  // Tensor data lies where it does for an alignment of 32; that of 8 says the same after headers of the right length.
  for (let padding = 0; ; padding++) {
    edited.setString("x.padding", "x".repeat(padding));
    const { tensors } = await readGgufHeader(edited.write(file("aligned.gguf")));
    if ((tensors[0]?.fileOffset ?? 0) % 32 === 0) break;
  }
  await convert({ source: file("aligned.gguf"), output: file("aligned-out.gguf"), format: "f16" });
  const written = readGgufFile(file("aligned-out.gguf"));
  expect(written.metadata.has("general.alignment")).toBe(false);
  expect(written.tensors).toEqual(readGgufFile(file("tiny.gguf")).tensors);
});

test("the pre-tokenizer can be named", async () => {
  await convert({ source: file("tiny.gguf"), output: file("pre.gguf"), format: "f16", preTokenizer: "qwen2" });
  expect(readGgufFile(file("pre.gguf")).metadata.get("tokenizer.ggml.pre")?.value).toBe("qwen2");
});

describe("a split model", () => {
  const part = (number: number, of = 3): string => file(`split-0000${number}-of-0000${of}.gguf`);
  const write = (change: (parts: EditableGguf[]) => void = () => undefined): void => {
    const parts = [1, 2, 3].map((number) => {
      const own = tiny.copy();
      if (number > 1) own.metadata.clear();
      own.setUint16("split.no", number - 1);
      own.setUint16("split.count", 3);
      own.setUint32("split.tensors.count", tiny.tensors.length);
      own.tensors = tiny.tensors.slice((number - 1) * 4, number === 3 ? undefined : number * 4);
      return own;
    });
    change(parts);
    for (const [index, each] of parts.entries()) each.write(part(index + 1));
  };

  test("is read by its first file and written as one", async () => {
    write();
    await convert({ source: part(1), output: file("joined.gguf"), format: "f16" });
    expect(readFileSync(file("joined.gguf")).equals(readFileSync(file("tiny.gguf")))).toBe(true);
  });

  test.each<[string, () => string, RegExp]>([
    [
      "a part that is missing",
      () => {
        write();
        rmSync(part(3));
        return part(1);
      },
      /there is no .*split-00003-of-00003\.gguf, part 3 of 3/
    ],
    [
      "a part that is not the first",
      () => {
        write();
        return part(2);
      },
      /split-00002-of-00003\.gguf is not the first file/
    ],
    [
      "a first part under another name",
      () => {
        write();
        writeFileSync(file("renamed.gguf"), readFileSync(part(1)));
        return file("renamed.gguf");
      },
      /renamed\.gguf is one of 3 files of a split model, and its name does not say which/
    ],
    [
      "parts that changed places",
      () => {
        write((parts) => parts[1]?.setUint16("split.no", 2));
        return part(1);
      },
      /split-00002-of-00003\.gguf is not part 2 of 3/
    ],
    [
      "a tensor in two parts",
      () => {
        write((parts) => parts[2]?.tensors.push(tiny.tensors[0] as never));
        return part(1);
      },
      /announces 12 tensors in 3 files, and they hold 13/
    ],
    [
      "a tensor in two parts that nobody counted",
      () => {
        write((parts) => {
          parts[0]?.metadata.delete("split.tensors.count");
          parts[2]?.tensors.push(tiny.tensors[0] as never);
        });
        return part(1);
      },
      /tensor ".*" is in both .*00001-of.* and .*00003-of/
    ]
  ])("with %s is refused", async (_, prepare, message) => {
    await expect(convert({ source: prepare(), output: file("refused.gguf") })).rejects.toThrow(message);
  });
});

test.each<[string, (model: EditableGguf) => void, RegExp]>([
  ["another architecture", (m) => m.setString("general.architecture", "mamba"), /cannot be converted: .*mamba\./],
  ["no architecture", (m) => m.metadata.delete("general.architecture"), /does not say which architecture/],
  [
    "a quantized tensor",
    (m) => Object.assign(m.tensor("blk.0.ffn_up.weight"), { type: "q8_0", data: new Uint8Array(160 * 68) }),
    /is quantized already: tensor "blk\.0\.ffn_up\.weight" is Q8_0/
  ],
  ["a MixLLM version", (m) => m.setUint32("mixllm.version", 1), /is a MixLLM file already/],
  ["no layers", (m) => m.metadata.delete("llama.block_count"), /cannot be converted: .*llama\.block_count/],
  [
    "more layers than llama.cpp runs",
    (m) => m.setUint32("llama.block_count", 513),
    /gave up on .*: GGML_ASSERT.*LLAMA_MAX_LAYERS/
  ],
  ["a text for a number", (m) => m.setString("llama.block_count", "1"), /cannot be converted: .*llama\.block_count/],
  ["heads that do not divide", (m) => m.setUint32("llama.attention.head_count_kv", 3), /attn_k\.weight/],
  ["values longer than keys", (m) => m.setUint32("llama.attention.value_length", 8), /attn_(v|output)\.weight/],
  ["experts", (m) => m.setUint32("llama.expert_count", 8), /expert/],
  ["an unknown rope scaling", (m) => m.setString("llama.rope.scaling.type", "magic"), /rope_scaling/],
  [
    "no epsilon",
    (m) => m.metadata.delete("llama.attention.layer_norm_rms_epsilon"),
    /cannot be converted: .*rms_epsilon/
  ],
  ["no vocabulary", (m) => m.metadata.delete("tokenizer.ggml.tokens"), /has no vocabulary/],
  ["a vocabulary of numbers", (m) => m.metadata.set("tokenizer.ggml.tokens", uint8s(264)), /should be a list of texts/],
  ["a missing tensor", (m) => m.tensors.splice(3, 1), /cannot be converted: .*blk.* not found/],
  [
    "an unknown tensor",
    (m) => m.tensors.push({ ...m.tensor("output_norm.weight"), name: "x" }),
    /cannot be converted: .*number of tensors/
  ],
  ["a wrong shape", (m) => m.setUint32("llama.feed_forward_length", 192), /cannot be converted: .*ffn_.*\.weight/],
  [
    "a token twice",
    (m) => m.metadata.set("tokenizer.ggml.tokens", texts(Array.from({ length: 264 }, (_, i) => String(i % 263)))),
    /tokens 0 and 263 of the vocabulary are the same/
  ]
])("a GGUF with %s is refused with one line", async (_, change, message) => {
  const edited = tiny.copy();
  change(edited);
  const before = readdirSync(directory).length;
  const source = edited.write(file("bad.gguf"));
  const error: unknown = await convert({ source, output: file("refused.gguf") }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
  rmSync(source);
  expect(readdirSync(directory).length).toBe(before);
});

test("a file cut anywhere is refused", async () => {
  const bytes = readFileSync(file("tiny.gguf"));
  for (const length of [0, 3, 20, 500, 5000, bytes.length - 64]) {
    writeFileSync(file("cut.gguf"), bytes.subarray(0, length));
    await expect(convert({ source: file("cut.gguf"), output: file("refused.gguf") })).rejects.toThrow(
      InvalidInputError
    );
  }
});

test("a model is not replaced by its own conversion", async () => {
  const source = tiny.write(file("own.gguf"));
  const before = readFileSync(source);
  await expect(convert({ source, output: source, force: true })).rejects.toThrow(
    "is the model that is to be converted"
  );
  expect(readFileSync(source).equals(before)).toBe(true);
});

/** A metadata value: a list of bytes. */
function uint8s(length: number): Uint8Array {
  return Buffer.concat([new Uint8Array(Uint32Array.of(9, 0, length, 0).buffer), new Uint8Array(length)]);
}

/** A metadata value: a list of texts. */
function texts(values: readonly string[]): Uint8Array {
  const strings = values.map((value) =>
    Buffer.concat([new Uint8Array(Uint32Array.of(value.length, 0).buffer), Buffer.from(value)])
  );
  return Buffer.concat([new Uint8Array(Uint32Array.of(9, 8, values.length, 0).buffer), ...strings]);
}
