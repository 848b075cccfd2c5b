import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";

/** Ways in which a disk, a full one or a hand leaves a file other than it was written; `at` is 0 to 1. */
const KINDS: Readonly<Record<string, (file: string, at: number) => void>> = {
  "a bit flipped": (file, at) =>
    edit(file, (data) => {
      const place = Math.floor(at * data.length);
      data[place] = (data[place] ?? 0) ^ (1 << Math.floor(at * 8));
    }),
  "bytes overwritten": (file, at) => edit(file, (data) => void data.fill(0x5a, Math.floor(at * data.length))),
  "half of it zeroed": (file, at) =>
    edit(file, (data) => {
      const start = Math.floor((at * data.length) / 2);
      data.fill(0, start, start + Math.ceil(data.length / 2));
    }),
  "cut off": (file, at) => truncateSync(file, Math.floor(at * statSync(file).size)),
  longer: (file) => appendFileSync(file, "\0".repeat(1000)),
  removed: (file) => rmSync(file)
};

/**
 * Damages a file, which then differs from what it was.
 *
 * @param random draws numbers from 0 to 1
 * @returns what was done
 */
export function damageFile(file: string, random: () => number): string {
  const before = readFileSync(file);
  const kinds = Object.keys(KINDS);
  for (;;) {
    const kind = kinds[Math.floor(random() * kinds.length)] as string;
    const at = random();
    KINDS[kind]?.(file, at);
    const after = kind === "removed" ? undefined : readFileSync(file);
    if (after === undefined || !after.equals(before)) return `${kind} at ${at.toFixed(3)}`;
  }
}

function edit(file: string, change: (data: Buffer) => void): void {
  const data = readFileSync(file);
  if (data.length > 0) change(data);
  writeFileSync(file, data);
}
