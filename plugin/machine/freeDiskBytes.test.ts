import { statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { freeDiskBytes } from "./freeDiskBytes.js";

test("looks at the nearest folder that is there", async () => {
  const { blocks, bsize } = await statfs(os.tmpdir());
  const free = await freeDiskBytes(path.join(os.tmpdir(), "mixllm-none", "deeper", "file"));
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThanOrEqual(blocks * bsize);
});
