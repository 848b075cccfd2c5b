import { expect, test } from "vitest";
import { cudaArchitectures } from "./cudaArchitectures.js";

test("names the machine code of each GPU as CMake does", () => {
  expect(cudaArchitectures(["9.0"])).toBe("90-real");
  expect(cudaArchitectures(["7.5", "8.6", "12.0"])).toBe("75-real;86-real;120a-real");
});
