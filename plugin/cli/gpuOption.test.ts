import { expect, test } from "vitest";
import { gpuOption } from "./gpuOption.js";

test("the kind of GPU", () => {
  expect(["auto", "cuda", "false"].map(gpuOption)).toEqual(["auto", "cuda", false]);
  expect(() => gpuOption("vulkan")).toThrow("expected auto, cuda or false");
});
