import { statfs } from "node:fs/promises";
import path from "node:path";

/** Free bytes of the disk that a file or folder is on, or will be on when it is made. */
export async function freeDiskBytes(file: string): Promise<number> {
  for (let existing = path.resolve(file); ; existing = path.dirname(existing)) {
    const stats = await statfs(existing).catch(() => undefined);
    if (stats !== undefined) return stats.bavail * stats.bsize;
    if (path.dirname(existing) === existing) return 0;
  }
}
