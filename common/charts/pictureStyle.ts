import { themeDeclarations, type themes } from "./themes.js";

/**
 * CSS for a chart that stands alone as an SVG file, on a transparent ground.
 *
 * @param theme the one it is for; unless given, the picture goes by what the reader's system prefers
 */
export function pictureStyle(theme?: keyof typeof themes): string {
  const rule = (name: keyof typeof themes): string => `.chart { ${themeDeclarations(name)} color: var(--muted); }`;
  if (theme !== undefined) return rule(theme);
  return `${rule("light")} @media (prefers-color-scheme: dark) { ${rule("dark")} }`;
}
