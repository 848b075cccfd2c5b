import { beforeAll } from "vitest";
import { loadBenchAddon } from "../loadBenchAddon.js";

/** Long enough for a first build of the runtime on two cores. */
const FIRST_BUILD_MS = 30 * 60_000;

/** Makes sure before the tests of a file that `loadBenchAddon` has nothing to build any more. */
export function prepareBenchAddon(): void {
  beforeAll(async () => {
    await loadBenchAddon();
  }, FIRST_BUILD_MS);
}
