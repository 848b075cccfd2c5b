/** Colours of pages and charts, as CSS custom properties without their dashes. Text colours have a contrast of 4.5 or more. */
export const themes = {
  light: {
    surface: "#ffffff",
    raised: "#f6f7f9",
    ink: "#1b1f24",
    muted: "#57606a",
    line: "#d8dde3",
    mixllm: "#c2410c",
    "on-mixllm": "#ffffff",
    "on-pale-mixllm": "#1b1f24",
    stock: "#31659c",
    unquantized: "#6b7280",
    better: "#1a7f37",
    worse: "#b42318"
  },
  dark: {
    surface: "#14171c",
    raised: "#1d2229",
    ink: "#e8ebef",
    muted: "#9aa5b1",
    line: "#343c46",
    mixllm: "#ff9254",
    "on-mixllm": "#14171c",
    "on-pale-mixllm": "#14171c",
    stock: "#79b0ea",
    unquantized: "#9aa5b1",
    better: "#56d37c",
    worse: "#ff8a80"
  }
} as const;

/** The declarations of a theme, for a CSS rule. */
export function themeDeclarations(theme: keyof typeof themes): string {
  return Object.entries(themes[theme])
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(" ");
}
