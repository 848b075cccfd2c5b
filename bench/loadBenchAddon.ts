import { loadNativeAddon } from "../plugin/runtime/loadNativeAddon.js";
import type { BenchAddon } from "./BenchAddon.js";

/** Loads the native addon of the bench; see `loadNativeAddon` for what may happen on first use. */
export async function loadBenchAddon(): Promise<BenchAddon> {
  return loadNativeAddon<BenchAddon>("mixllm-bench");
}
