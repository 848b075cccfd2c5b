import path from "node:path";
import { expect, test } from "vitest";
import { buildNativeProject } from "../../testing/buildNativeProject.js";
import { runLoudly } from "../../testing/runLoudly.js";
import { runtimeDefinitions } from "../../testing/runtimeDefinitions.js";

/** How long is fuzzed; `npm run fuzz` takes minutes. */
const seconds = Number(process.env["MIXLLM_FUZZ_SECONDS"] ?? 10);

/** Beside them, a first build of the runtime and one with sanitizers on two cores. */
const TIMEOUT_MS = 60 * 60_000 + 1000 * seconds;

test.skipIf(process.platform === "win32")(
  "whatever a MixLLM file holds, it loads and computes or is refused with its reason",
  { timeout: TIMEOUT_MS },
  async () => {
    const { MIXLLM_LLAMA_CPP_DIR } = await runtimeDefinitions();
    const buildDirectory = await buildNativeProject("patches/fuzz", { MIXLLM_LLAMA_CPP_DIR });
    const output = await runLoudly(path.join(buildDirectory, "mixllm-fuzz"), ["--seconds", String(seconds)]);
    const [, computed, refused, failed] =
      /(\d+) computed, (\d+) refused, \d+ not MixLLM any more, (\d+) failed/.exec(output)?.map(Number) ?? [];
    expect(failed).toBe(0);
    expect(computed).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  }
);
