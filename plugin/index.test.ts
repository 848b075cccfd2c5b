import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import * as api from "./index.js";
import { packageRoot } from "./runtime/packageRoot.js";

test("every error that is thrown can be told from others", async () => {
  const files = await readdir(path.join(packageRoot, "plugin", "errors"));
  expect(files.length).toBeGreaterThan(10);
  expect(Object.keys(api)).toEqual(expect.arrayContaining(files.map((file) => path.basename(file, ".ts"))));
});
