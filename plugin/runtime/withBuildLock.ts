import { setTimeout } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { makeFolder } from "../../common/files/destination.js";

/** A holder that has not shown a sign of life for this long is taken for dead. */
const STALE_MS = 20_000;
const SIGN_OF_LIFE_MS = 4_000;
const RETRY_MS = 500;

/**
 * Runs an action while holding a folder's lock, which no other process can hold at the same time. The lock of a process that died is
 * taken over after 20 s.
 *
 * @param action is given a signal that aborts when the lock is lost, for example because the machine slept
 * @param onWait is called again and again while another process holds the lock
 */
export async function withBuildLock<T>(
  directory: string,
  action: (signal: AbortSignal) => Promise<T>,
  onWait: () => void | Promise<void>
): Promise<T> {
  await makeFolder(directory);
  const lost = new AbortController();
  let release: (() => Promise<void>) | undefined;
  while (release === undefined) {
    try {
      release = await lockfile.lock(directory, {
        stale: STALE_MS,
        update: SIGN_OF_LIFE_MS,
        realpath: false,
        onCompromised: (error) => lost.abort(error)
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
      await onWait();
      await setTimeout(RETRY_MS);
    }
  }
  try {
    return await action(lost.signal);
  } finally {
    // A lost lock belongs to someone else by now, and there is nothing to release.
    if (!lost.signal.aborted) await release().catch(() => undefined);
  }
}
