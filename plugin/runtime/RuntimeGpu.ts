/** What a runtime computes on besides the CPU: an NVIDIA GPU, or nothing. */
export type RuntimeGpu = "cuda" | false;
