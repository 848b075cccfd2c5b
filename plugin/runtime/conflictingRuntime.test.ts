import { expect, test } from "vitest";
import { findConflictingLibrary } from "./conflictingRuntime.js";

const DIRECTORY = "/home/me/.cache/mixllm/builds/new/Release";
const NAMES = ["libmixllm-llama.so", "libmixllm-ggml.so", "llama-addon.node"];
const maps = (...files: string[]) =>
  files.map((file) => `7f00-7f01 r-xp 00000000 fe:00 12345                      ${file}`).join("\n");

test("finds another build's library of the same name, also one that is deleted since", () => {
  const other = "/home/me/my cache/builds/old/Release/libmixllm-ggml.so";
  expect(findConflictingLibrary(maps("/usr/lib/libc.so.6", other), DIRECTORY, NAMES)).toBe(other);
  expect(findConflictingLibrary(maps(`${other} (deleted)`), DIRECTORY, NAMES)).toBe(other);
});

test("minds neither its own libraries, stock ones nor another kind of build", () => {
  const fine = [
    `${DIRECTORY}/libmixllm-ggml.so`,
    `${DIRECTORY}/llama-addon.node`,
    "/app/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-base.so",
    "/app/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/llama-addon.node",
    "/home/me/.cache/mixllm/builds/cuda/Release/libmixllm-cuda-ggml.so",
    "/home/me/.cache/mixllm/builds/cuda/Release/llama-addon.node"
  ];
  expect(findConflictingLibrary(`${maps(...fine)}\n7f00-7f01 rw-p 00000000 00:00 0 [stack]\n`, DIRECTORY, NAMES)).toBe(
    undefined
  );
});
