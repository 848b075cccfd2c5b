import { ensureToolAddons } from "../plugin/runtime/toolAddons.js";

/** Builds the runtime and the tools' addons once, before any test file starts: many need them, and none should time out waiting. */
export default async function prepareRuntime(): Promise<void> {
  await ensureToolAddons({ gpu: false });
}
