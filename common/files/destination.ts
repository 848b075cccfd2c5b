import { constants } from "node:fs";
import { access, mkdir, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { formatBytes } from "../cli/format.js";
import { InvalidInputError, MixLlmError } from "../errors.js";
import { writeFailure } from "./fileErrors.js";

/** Room left for whatever else writes to a disk meanwhile. */
const FREE_SPACE_MARGIN = 16 * 1024 * 1024;

/**
 * Checks that a file can be written, before any work is done.
 *
 * @param options.overwrite whether an existing file may be replaced
 * @throws {InvalidInputError} the file exists, or is none that could be replaced
 * @throws {MixLlmError} its directory does not exist or cannot be written
 */
export async function assertCanWrite(file: string, options: { overwrite: boolean }): Promise<void> {
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory() === true) {
    throw new InvalidInputError(`${file} is a directory`, { fix: "Give the name of the file to write." });
  }
  if (existing?.isFile() === false) {
    throw new InvalidInputError(`${file} is no regular file`, { fix: "Give the name of the file to write." });
  }
  if (existing !== undefined && !options.overwrite) {
    throw new InvalidInputError(`${file} exists already`, {
      fix: "Add --force to replace it, or choose another name."
    });
  }
  // The separator tells a directory from a file of its name.
  await access(path.dirname(path.resolve(file)) + path.sep, constants.W_OK).catch((error: unknown) => {
    throw writeFailure(file, error);
  });
}

/**
 * Checks that a folder can be made, or written if it is there.
 *
 * @throws {MixLlmError} it cannot
 */
export async function assertCanMakeFolder(folder: string): Promise<void> {
  const { existing } = await nearestFolder(folder);
  await access(existing + path.sep, constants.W_OK).catch((error: unknown) => {
    throw writeFailure(folder, error);
  });
}

/**
 * Makes a folder and those above it, unless they are there.
 *
 * Node's own way with parents says "no such file" of a read-only file system, and on some special ones never ends.
 *
 * @throws {MixLlmError} it cannot be made
 */
export async function makeFolder(folder: string): Promise<void> {
  const target = path.resolve(folder);
  const { existing: nearest } = await nearestFolder(target);
  let made = nearest;
  try {
    for (const name of path.relative(nearest, target).split(path.sep)) {
      made = path.join(made, name);
      await mkdir(made).catch(async (error: unknown) => {
        const existing = await stat(made).catch(() => undefined);
        if (existing?.isDirectory() !== true) throw error; // else it was there, or has been made meanwhile
      });
    }
  } catch (error) {
    throw writeFailure(folder, error);
  }
}

/** A file or folder that is going to be written. */
export interface SpaceNeed {
  readonly path: string;
  /** What it is, for the error, as in "the file". */
  readonly what: string;
  readonly bytes: number;
}

/**
 * Checks that there is room for everything that will be on disks at one time, with a little to spare.
 *
 * @param fix what to do when there is not
 * @throws {MixLlmError} a disk has too little
 */
export async function assertFreeSpace(needs: readonly SpaceNeed[], fix: string): Promise<void> {
  const disks = new Map<number, { existing: string; free: number; needs: SpaceNeed[] }>();
  for (const need of needs) {
    const { existing, free, disk } = await nearestFolder(need.path);
    const known = disks.get(disk);
    if (known === undefined) disks.set(disk, { existing, free, needs: [need] });
    else known.needs.push(need);
  }
  for (const { existing, free, needs: own } of disks.values()) {
    const needed = own.reduce((sum, { bytes }) => sum + bytes, 0);
    if (free >= needed + FREE_SPACE_MARGIN) continue;
    const parts = own.map(({ what, bytes }) => `${what} needs ${formatBytes(bytes)}`).join(" and ");
    throw new MixLlmError(
      `the disk of ${existing} has ${formatBytes(free)} free, but ${parts}, with ${formatBytes(FREE_SPACE_MARGIN)} to spare`,
      { fix }
    );
  }
}

/** Free bytes of the disk that a file or folder is on, or will be on when it is made. */
export async function freeDiskBytes(file: string): Promise<number> {
  return (await nearestFolder(file)).free;
}

/** The nearest that exists of a path and the folders above it, and what is free on its disk. */
async function nearestFolder(file: string): Promise<{ existing: string; free: number; disk: number }> {
  for (let existing = path.resolve(file); ; existing = path.dirname(existing)) {
    const found = await Promise.all([statfs(existing), stat(existing)]).catch(() => undefined);
    if (found !== undefined) {
      const [{ bavail, bsize }, { dev }] = found;
      return { existing, free: bavail * bsize, disk: dev };
    }
    if (path.dirname(existing) === existing) return { existing, free: 0, disk: -1 };
  }
}
