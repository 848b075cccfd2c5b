/** Options of `buildMixLlama`. */
export interface BuildMixLlamaOptions {
  /** What to build for, as for `getMixLlama`. `"auto"` by default. */
  gpu?: "auto" | "cuda" | false;
  /** Build from scratch even when a finished build is there. `false` by default. */
  force?: boolean;
  /** Show progress on stderr. `true` by default. */
  progressLogs?: boolean | "stderr";
}
