import { ensureRuntime } from "../plugin/runtime/ensureRuntime.js";

/** Builds the runtime once, before any test file starts: many need it, and none should time out waiting for it. */
export default async function prepareRuntime(): Promise<void> {
  await ensureRuntime({ gpu: false });
}
