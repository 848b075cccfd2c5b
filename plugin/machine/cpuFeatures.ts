import { readFileSync } from "node:fs";
import os from "node:os";

/**
 * Instruction-set features of this machine's CPU, sorted. Where the operating system does not list them (macOS, Windows) the
 * CPU's model name stands for them.
 */
export function cpuFeatures(): readonly string[] {
  if (process.platform === "linux") {
    try {
      const line = /^(?:flags|Features|isa)\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
      if (line !== undefined) return [...new Set(line.trim().split(/\s+/))].sort();
    } catch {
      // Without /proc the model name has to do.
    }
  }
  return [os.cpus()[0]?.model ?? process.arch];
}
