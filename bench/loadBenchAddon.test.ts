import { expect, test } from "vitest";
import { resolveRuntimeGpu } from "../plugin/runtime/RuntimeGpu.js";
import { loadBenchAddon } from "./loadBenchAddon.js";

test("a GPU that is not there is one clear message", async (context) => {
  if ((await resolveRuntimeGpu("auto")) !== false) context.skip("this machine has a GPU");
  await expect(loadBenchAddon({ gpu: true })).rejects.toThrow(/^there is no GPU to compute on: this machine has no/);
});
