import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Comparison } from "../compare/Comparison.js";
import { formatComparison } from "../compare/formatComparison.js";
import { writeFailure } from "../../common/files/fileErrors.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { plottedModels } from "./plottedModels.js";
import { renderPicture } from "./renderPicture.js";
import { renderReport } from "./renderReport.js";

/**
 * Writes a comparison into a folder, for people and for programs: `report.html`, `comparison.json`, `comparison.md`, and
 * its main chart as a picture for light and for dark pages.
 *
 * @returns the path of the page
 * @throws {MixLlmError} the folder cannot be written to
 */
export async function writeReport(comparison: Comparison, folder: string): Promise<string> {
  const plotted = plottedModels(comparison.models);
  const files = {
    "comparison.json": formatComparison(comparison, "json"),
    "comparison.md": formatComparison(comparison, "md"),
    ...(plotted.length === 0
      ? {}
      : {
          "size-against-kld.light.svg": renderPicture(plotted, "light"),
          "size-against-kld.dark.svg": renderPicture(plotted, "dark")
        }),
    "report.html": await renderReport(comparison)
  };
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(folder, error);
  });
  for (const [name, content] of Object.entries(files)) await writeWholeFile(join(folder, name), content);
  return join(folder, "report.html");
}
