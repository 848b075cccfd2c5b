import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { encodeGguf } from "../testing/encodeGguf.js";
import { encodeMixLlmFile, MIXLLM_PAIRS, mixLlmExperts, mixLlmTensors } from "../testing/mixLlmFile.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { inspectCommand } from "./inspectCommand.js";

const inspect = async (...args: string[]) => inspectBytes(encodeMixLlmFile(), ...args);

async function inspectBytes(bytes: Buffer, ...args: string[]): Promise<string> {
  const file = path.join(temporaryDirectory(), "test.gguf");
  await writeFile(file, bytes);
  let output = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output += String(text);
    return true;
  });
  try {
    await inspectCommand()
      .exitOverride()
      .parseAsync([file, ...args], { from: "user" });
  } finally {
    write.mockRestore();
  }
  return output;
}

test("shows origin, and shares and sizes by kind, by layer and of the other tensors", async () => {
  // Bytes of a weight: attn_q 0 has 32 4-bit and 16 8-bit channels of 160 inputs in 2 groups, attn_k 32 4-bit, attn_q 1 16 8-bit.
  const bytes4 = 32 * 80 + 32 * 2 * 2 + 16 * 2;
  const bytes8 = 16 * 160 + 16 * 2 * 2;
  const q0 = bytes4 + bytes8 + 48 / 8;
  const k0 = bytes4 + 32 / 8;
  const q1 = bytes8 + 16 / 8;
  const bits = (bytes: number, channels: number) => ((8 * bytes) / (channels * 160)).toFixed(2);

  const lines = (await inspect()).split("\n").map((line) => line.replace(/ {2,}/g, " | ").trim());
  expect(lines[0]).toMatch(/^file \| test\.gguf, \d/);
  expect(lines).toContain("model | Test, llama");
  expect(lines).toContain("weights | 5.48 bits each, 33.3 % of channels in 8 bits");
  expect(lines).toContain("method | rtn, 8-bit channels by weight_error");
  expect(lines).toContain("calibration | self, 8 x 512");
  expect(lines).toContain("source | sha256:0 mixllm 0.1.0");
  expect(lines).toContain("command | mixllm-convert --method rtn");
  const row = (label: string, channels: number, channels8bit: number, share: string, bytes: number) =>
    expect.stringMatching(
      new RegExp(`^${label} \\| ${channels} \\| ${channels8bit} \\| ${share} % \\| ${bits(bytes, channels)} \\| `)
    ) as unknown;
  expect(lines).toEqual(
    expect.arrayContaining([
      row("attn_q", 64, 32, "50\\.0", q0 + q1),
      row("attn_k", 32, 0, "0\\.0", k0),
      row("all", 96, 32, "33\\.3", q0 + k0 + q1)
    ])
  );
  // By layer: shares of attn_q, attn_k and both.
  expect(lines).toContain("8-bit %, layer | attn_q | attn_k | all | bits/weight | size");
  expect(lines).toContainEqual(
    expect.stringMatching(`^0 \\| 33\\.3 \\| 0\\.0 \\| 20\\.0 \\| ${bits(q0 + k0, 80)} \\| `)
  );
  expect(lines).toContainEqual(expect.stringMatching(`^1 \\| 100\\.0 \\| 100\\.0 \\| ${bits(q1, 16)} \\| `));
  expect(lines).toContain("F32 | 1 | 640 B");
});

test("--json prints one object with the documented fields", async () => {
  const info = JSON.parse(await inspect("--json")) as Record<string, unknown>;
  expect(Object.keys(info)).toEqual([
    "version",
    "bitsPerWeight",
    "percent8bit",
    "groupSize",
    "method",
    "search",
    "calibration",
    "source",
    "command",
    "tensors"
  ]);
  expect((info["tensors"] as unknown[])[0]).toEqual({
    name: "blk.0.attn_q.weight",
    layer: 0,
    kind: "attn_q",
    outputChannels: 48,
    inputChannels: 160,
    channels8bit: 16
  });
});

describe("stacked experts", () => {
  const experts = [...mixLlmTensors(), ...mixLlmExperts("blk.1.ffn_up_exps.weight", 160, 48, [16, 0, 48, 32])];
  const bytes = encodeGguf(MIXLLM_PAIRS, experts);

  test("are counted over all experts, and the least, mean and most of them is shown", async () => {
    const lines = (await inspectBytes(bytes)).split("\n").map((line) => line.replace(/ {2,}/g, " | ").trim());
    expect(lines).toContainEqual(expect.stringMatching(/^ffn_up_exps \| 192 \| 96 \| 50\.0 % \| /));
    expect(lines).toContain("8-bit channels of an expert | experts | channels | least | mean | most");
    expect(lines).toContain("blk.1.ffn_up_exps | 4 | 48 | 0 | 24.0 | 48");
    expect(await inspect()).not.toContain("8-bit channels of an expert");
  });

  test("--json has the count of each expert", async () => {
    const { tensors } = JSON.parse(await inspectBytes(bytes, "--json")) as { tensors: unknown[] };
    expect(tensors.at(-1)).toEqual({
      name: "blk.1.ffn_up_exps.weight",
      layer: 1,
      kind: "ffn_up_exps",
      outputChannels: 192,
      inputChannels: 160,
      channels8bit: 96,
      experts: [16, 0, 48, 32]
    });
  });
});

describe("--output", () => {
  test.each([
    ["page.html", /^<!doctype html>[\s\S]*<h1>test\.gguf<\/h1>[\s\S]*<svg[\s\S]*attn_k[\s\S]*33\.3/],
    [
      "map.svg",
      /^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*layer 0, attn_q: 16 of 48 [\s\S]*prefers-color-scheme/
    ]
  ])("writes %s", async (name, content) => {
    const output = path.join(temporaryDirectory(), name);
    expect(await inspect("--output", output)).toContain("weights");
    expect(await readFile(output, "utf8")).toMatch(content);
  });

  test("refuses another kind of file, and a folder that is not there", async () => {
    await expect(inspect("--output", "map.png")).rejects.toThrow("expected a name that ends in .html or .svg");
    await expect(inspect("--output", "/nowhere/map.svg")).rejects.toThrow("cannot write /nowhere/map.svg");
  });
});
