import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { SUPPORTED_MODELS } from "./findArchitecture.js";

test.each(["README.md", "docs/converting.md"])("%s lists the models that have a reader", (file) => {
  expect(readFileSync(path.join(packageRoot, file), "utf8")).toContain(SUPPORTED_MODELS);
});
