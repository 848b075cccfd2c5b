import { InvalidArgumentError } from "commander";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";

/** A commander parser for the kind of GPU to use. */
export function gpuOption(text: string): RuntimeGpu | "auto" {
  if (text === "false") return false;
  if (text === "auto" || text === "cuda") return text;
  throw new InvalidArgumentError("expected auto, cuda or false");
}
