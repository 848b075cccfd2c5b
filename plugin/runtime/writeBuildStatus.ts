import { writeWholeFile } from "../../common/files/wholeFiles.js";
import type { BuildStatus } from "./BuildStatus.js";

/**
 * Replaces the status in one step.
 *
 * @throws {MixLlmError} it cannot be written
 */
export async function writeBuildStatus(file: string, status: BuildStatus): Promise<void> {
  await writeWholeFile(file, JSON.stringify(status));
}
