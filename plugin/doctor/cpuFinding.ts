import os from "node:os";
import { cpuFeatures } from "../machine/cpuFeatures.js";
import type { Finding } from "./Finding.js";

/** Instruction sets that the kernels use, best first for each architecture, as Linux names them. */
const FAST_FEATURES = ["avx512_vnni", "avx_vnni", "avx512bw", "avx2", "fma", "f16c", "i8mm", "asimddp"];

export function cpuFinding(): Finding {
  const model = os.cpus()[0]?.model.trim() ?? process.arch;
  const features = cpuFeatures();
  const fast = FAST_FEATURES.filter((feature) => features.includes(feature));
  const detail = `${model}, ${os.availableParallelism()} threads${fast.length > 0 ? `, ${fast.join(" ")}` : ""}`;
  return { name: "CPU", status: "ok", detail };
}
