import type { RuntimeGpu } from "./RuntimeGpu.js";

/** A finished build of the runtime. */
export interface Runtime {
  /** Hash of everything it was made from. */
  readonly key: string;
  readonly gpu: RuntimeGpu;
  /** Real path of the folder that node-llama-cpp can use as a local build. */
  readonly directory: string;
  /** Real path of the folder with llama-addon.node, this package's own addons and the shared libraries. */
  readonly binaryDirectory: string;
}
