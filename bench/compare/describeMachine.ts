import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import type { Comparison } from "./Comparison.js";

/** The machine, as far as it decides speed. */
export function describeMachine(): Comparison["machine"] {
  return {
    cpu: cpus()[0]?.model ?? process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${process.arch}`
  };
}
