import { open } from "node:fs/promises";

/** Waits until a file's bytes are on the disk, so that a name given to it afterwards never stands for less. */
export async function flushFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  await handle.sync().finally(() => handle.close());
}
