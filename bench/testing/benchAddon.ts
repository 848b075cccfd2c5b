import { beforeAll } from "vitest";
import type { BenchAddon } from "../BenchAddon.js";
import { loadBenchAddon } from "../loadBenchAddon.js";

/** Long enough for a first build of the runtime on two cores. */
const FIRST_BUILD_MS = 30 * 60_000;

/** Loads the addon before the tests of a file; call the result in a test. */
export function benchAddon(): () => BenchAddon {
  let addon: BenchAddon | undefined;
  beforeAll(async () => {
    addon = await loadBenchAddon();
  }, FIRST_BUILD_MS);
  return () => addon!;
}
