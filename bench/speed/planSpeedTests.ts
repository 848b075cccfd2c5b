import type { NativeSpeedTest } from "../BenchAddon.js";

/** One thing to time, and what it is called. */
export interface SpeedTest extends NativeSpeedTest {
  /** As llama.cpp's benchmark names tests: `pp512`, `tg64 @ d4096`. */
  name: string;
}

/** What to time, in tokens; 0 leaves a prompt or generation test out. */
export interface SpeedTestLengths {
  /** Lengths of prompts; 512 unless given. */
  prompt?: readonly number[];
  /** Tokens to generate; 64 unless given. */
  generate?: readonly number[];
  /** Tokens already in the KV cache; 0 unless given. */
  depth?: readonly number[];
}

/** Every prompt length and then every generation length at every depth, shallow ones first, none twice. */
export function planSpeedTests({ prompt = [512], generate = [64], depth = [0] }: SpeedTestLengths): SpeedTest[] {
  const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
  const lengths = [
    ...ascending(prompt).map((tokens) => ({ tokens, generation: false })),
    ...ascending(generate).map((tokens) => ({ tokens, generation: true }))
  ].filter(({ tokens }) => tokens > 0);
  return ascending(depth).flatMap((d) =>
    lengths.map(({ tokens, generation }) => ({
      name: `${generation ? "tg" : "pp"}${tokens}${d === 0 ? "" : ` @ d${d}`}`,
      tokens,
      generation,
      depth: d
    }))
  );
}
