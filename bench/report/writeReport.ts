import { join } from "node:path";
import { pictureStyle } from "../../common/charts/pictureStyle.js";
import type { themes } from "../../common/charts/themes.js";
import type { ComparedModel, Comparison } from "../compare/Comparison.js";
import { formatComparison } from "../compare/formatComparison.js";
import { makeFolder } from "../../common/files/destination.js";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { sizeAgainstKld } from "./sizeAgainstKld.js";
import { plottedModels } from "./paretoFront.js";
import { renderReport } from "./renderReport.js";

/** Width in pixels; pages that show the picture scale it to theirs. */
const WIDTH = 860;

/**
 * Size against divergence as an SVG file, on a transparent ground that suits the theme.
 *
 * @param models those with a divergence; at least one
 */
function renderPicture(models: readonly ComparedModel[], theme: keyof typeof themes): string {
  return `${sizeAgainstKld(models, WIDTH, pictureStyle(theme))}\n`;
}

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
  await makeFolder(folder);
  for (const [name, content] of Object.entries(files)) await writeWholeFile(join(folder, name), content);
  return join(folder, "report.html");
}
