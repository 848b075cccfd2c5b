import { pictureStyle } from "../../common/charts/pictureStyle.js";
import type { themes } from "../../common/charts/themes.js";
import type { ComparedModel } from "../compare/Comparison.js";
import { sizeAgainstKld } from "./sizeAgainstKld.js";

/** Width in pixels; pages that show the picture scale it to theirs. */
const WIDTH = 860;

/**
 * Size against divergence as an SVG file, on a transparent ground that suits the theme.
 *
 * @param models those with a divergence; at least one
 */
export function renderPicture(models: readonly ComparedModel[], theme: keyof typeof themes): string {
  return `${sizeAgainstKld(models, WIDTH, pictureStyle(theme))}\n`;
}
