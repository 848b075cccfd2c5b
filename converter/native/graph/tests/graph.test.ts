import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../../common/package.js";
import { buildNativeProject } from "../../../../testing/buildNativeProject.js";
import { runLoudly } from "../../../../testing/runLoudly.js";
import { runtimeDefinitions } from "../../../../testing/runtimeDefinitions.js";
import { temporaryDirectory } from "../../../../testing/temporaryDirectory.js";
import { convert } from "../../../testing/convert.js";
import { EditableGguf } from "../../../testing/EditableGguf.js";
import { MADE_UP_MODELS, writeMadeUpModel } from "../../../testing/madeUpModels.js";

const directory = temporaryDirectory();
const architectures = path.join(packageRoot, "../shared/models/architectures");

/** What free scales go by in each model: how many of which weights, of rows where those have them. */
const SCALED: Readonly<Record<string, string>> = {
  demo: "4 attn_norm.weight, 4 attn_v.weight rows, 4 ffn_norm.weight, 4 ffn_up.weight rows",
  gemma3: "6 attn_norm.weight, 6 attn_v.weight rows, 6 ffn_norm.weight, 6 ffn_up.weight rows",
  // Values are normalized.
  gemma4: "6 attn_norm.weight, 6 ffn_norm.weight, 6 ffn_up.weight rows",
  // Up projections are clamped.
  gptoss: "2 attn_norm.weight, 2 attn_v.bias, 2 attn_v.weight rows, 1 output_norm.weight, 2 post_attention_norm.weight",
  lfm2:
    "4 attn_norm.weight, 2 attn_v.weight rows, 4 ffn_norm.weight, 4 ffn_up.weight rows, " +
    "2 shortconv.in_proj.weight rows",
  mixtral:
    "2 attn_norm.weight, 2 attn_v.weight rows, 2 ffn_norm.weight, 2 ffn_up_exps.weight rows, 1 output_norm.weight",
  phi3: "3 attn_norm.weight, 3 attn_qkv.weight rows, 3 ffn_norm.weight, 3 ffn_up.weight rows, 1 output_norm.weight",
  qwen35:
    "4 attn_norm.weight, 1 attn_v.weight rows, 4 ffn_up.weight rows, 4 post_attention_norm.weight, 3 ssm_norm.weight",
  qwen35moe:
    "4 attn_norm.weight, 1 attn_v.weight rows, 4 ffn_up_exps.weight rows, 4 ffn_up_shexp.weight rows, " +
    "1 output_norm.weight, 4 post_attention_norm.weight, 3 ssm_norm.weight",
  qwen3moe:
    "2 attn_norm.weight, 2 attn_v.weight rows, 2 ffn_norm.weight, 2 ffn_up_exps.weight rows, 1 output_norm.weight",
  smollm3: "4 attn_norm.weight, 4 attn_v.weight rows, 4 ffn_norm.weight, 4 ffn_up.weight rows"
};

/** The weights that a run of the test program moved scales of, without their blocks' names. */
function scaledIn(printed: string): string {
  const counts = new Map<string, number>();
  for (const [, weight = ""] of printed.matchAll(/^ {2}(?:blk\.\d+\.)?(.*)$/gm))
    counts.set(weight, (counts.get(weight) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([weight, count]) => `${count} ${weight}`)
    .join(", ");
}

test(
  "models run section by section give llama.cpp's own logits, whichever free scales are moved",
  { timeout: 1_800_000 },
  async () => {
    const demo = path.join(directory, "demo.gguf");
    await convert({ source: path.join(packageRoot, "models/demo"), output: demo, format: "bf16" });
    const others = existsSync(architectures)
      ? readdirSync(architectures, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? [entry.name] : []
        )
      : [];
    if (others.length === 0) console.warn(`SKIPPED: ${architectures} is not there, so only the demo model was run.`);
    const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
    const deepseek2 = path.join(directory, "deepseek2.gguf");
    writeMadeUpModel(MADE_UP_MODELS.deepseek2, await EditableGguf.read(demo), deepseek2);
    const models = [
      ["demo", demo],
      ["deepseek2", deepseek2],
      ...others.map((name) => [name, path.join(architectures, name, "model-bf16.gguf")])
    ] as const;
    for (const [name, model] of models) {
      const printed = await runLoudly(path.join(build, "mixllm-graph-test"), [model]);
      const runs = printed.split(/^ok .*$/m).slice(1);
      expect(runs.length, name).toBeGreaterThan(0);
      for (const run of runs) if (name in SCALED) expect(scaledIn(run), name).toEqual(SCALED[name]);
    }
  }
);

test(
  "the scales that are free are those that nothing but linear operations depends on",
  { timeout: 1_800_000 },
  async () => {
    const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
    await runLoudly(path.join(build, "mixllm-scale-test"), []);
  }
);

test("experts are quantized and measured as float64 loops do", { timeout: 1_800_000 }, async () => {
  const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
  await runLoudly(path.join(build, "mixllm-experts-test"), []);
});

test("what error feedback will leave of rounding's error is known before", { timeout: 1_800_000 }, async () => {
  const build = await buildNativeProject("converter/native/graph", await runtimeDefinitions());
  await runLoudly(path.join(build, "mixllm-feedback-test"), []);
});
