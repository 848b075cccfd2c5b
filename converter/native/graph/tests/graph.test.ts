import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { packageRoot } from "../../../../common/package.js";
import { buildNativeProject } from "../../../../testing/buildNativeProject.js";
import { runLoudly } from "../../../../testing/runLoudly.js";
import { runtimeDefinitions } from "../../../../testing/runtimeDefinitions.js";
import { temporaryDirectory } from "../../../../testing/temporaryDirectory.js";
import { convert } from "../../../testing/convert.js";

const directory = temporaryDirectory();
const architectures = path.join(packageRoot, "../shared/models/architectures");

test("models run section by section give llama.cpp's own logits", { timeout: 1_800_000 }, async () => {
  const demo = path.join(directory, "demo.gguf");
  await convert({ source: path.join(packageRoot, "models/demo"), output: demo, format: "bf16" });
  const others = existsSync(architectures)
    ? readdirSync(architectures, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => path.join(architectures, name, "model-bf16.gguf"))
    : [];
  if (others.length === 0) console.warn(`SKIPPED: ${architectures} is not there, so only the demo model was run.`);
  const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
  await runLoudly(path.join(build, "mixllm-graph-test"), [demo, ...others]);
});

test("experts are quantized and measured as float64 loops do", { timeout: 1_800_000 }, async () => {
  const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
  await runLoudly(path.join(build, "mixllm-experts-test"), []);
});
