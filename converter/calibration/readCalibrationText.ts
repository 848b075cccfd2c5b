import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError } from "../../common/errors.js";

/** Calibration text read from files. */
export interface CalibrationText {
  readonly text: string;
  /** File names and a hash of their content. */
  readonly description: string;
}

/** @throws {InvalidInputError} a file cannot be read or is not UTF-8 text */
export async function readCalibrationText(files: readonly string[]): Promise<CalibrationText> {
  const hash = createHash("sha256");
  const texts: string[] = [];
  for (const file of files) {
    const data = await readFile(file).catch((error: unknown) => {
      throw readFailure(`the calibration text ${file}`, error);
    });
    hash.update(data);
    try {
      texts.push(new TextDecoder("utf-8", { fatal: true }).decode(data));
    } catch (error) {
      throw new InvalidInputError(`the calibration text ${file} is not UTF-8`, {
        fix: "Give a plain text file, saved as UTF-8.",
        cause: error
      });
    }
  }
  const names = files.map((file) => path.basename(file)).join(", ");
  return { text: texts.join("\n"), description: `${names} sha256:${hash.digest("hex").slice(0, 16)}` };
}
