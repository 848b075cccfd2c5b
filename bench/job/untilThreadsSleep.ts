import { setTimeout } from "node:timers/promises";

/**
 * Waits until the CPU threads of the model or kernel that was measured before have gone to sleep: they poll for more work
 * for some milliseconds (patches/0005), which the next one to be timed would have to share the cores with.
 */
export async function untilThreadsSleep(): Promise<void> {
  await setTimeout(10);
}
