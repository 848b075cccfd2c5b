import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import { beforeAll } from "vitest";
import { convert } from "../../converter/testing/convert.js";
import { loadBenchAddon } from "../loadBenchAddon.js";

/** The bundled demo model in Hugging Face form. */
export const DEMO_DIRECTORY = fileURLToPath(new URL("../../models/demo", import.meta.url));

/** Writes the bundled demo model as an F16 GGUF. */
export async function convertDemo(output: string): Promise<void> {
  await convert({ source: DEMO_DIRECTORY, output, format: "f16" });
}

const path = fileURLToPath(new URL("../../../shared/text/eval.txt", import.meta.url));

/** Path of the evaluation text beside the repository, or undefined where it is not there. */
export const sharedText: string | undefined = existsSync(path) ? path : undefined;

/** Long enough for a first build of the runtime on two cores. */
const FIRST_BUILD_MS = 30 * 60_000;

/** Makes sure before the tests of a file that `loadBenchAddon` has nothing to build any more. */
export function prepareBenchAddon(): void {
  beforeAll(async () => {
    await loadBenchAddon();
  }, FIRST_BUILD_MS);
}
