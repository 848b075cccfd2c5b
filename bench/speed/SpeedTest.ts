import type { NativeSpeedTest } from "../BenchAddon.js";

/** One thing to time, and what it is called. */
export interface SpeedTest extends NativeSpeedTest {
  /** As llama.cpp's benchmark names tests: `pp512`, `tg64 @ d4096`. */
  name: string;
}
