import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";

/** Ways in which a disk, a full one or a hand leaves a file other than it was written; `at` is 0 to 1. */
const KINDS: Readonly<Record<string, (file: string, at: number) => void>> = {
  "a bit flipped": (file, at) => change(file, (data) => (data[Math.floor(at * data.length)]! ^= 1 << (at * 8))),
  "bytes overwritten": (file, at) => change(file, (data) => data.fill(0x5a, at * data.length, at * data.length + 64)),
  "a part zeroed": (file, at) =>
    change(file, (data) => data.fill(0, (at * data.length) / 2, (at + 1) * (data.length / 2))),
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

function change(file: string, edit: (data: Buffer) => void): void {
  const data = readFileSync(file);
  if (data.length > 0) edit(data);
  writeFileSync(file, data);
}
