import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { packageRoot } from "../../package.js";
import { html, Html } from "../html.js";
import { themeDeclarations } from "../themes.js";

/**
 * Makes a whole page that needs nothing but itself: style and script are in it, and its policy forbids the browser to
 * fetch anything or to run any other script, whatever text from a file may be on it.
 *
 * @param title plain text
 */
export async function renderPage(title: string, body: Html): Promise<string> {
  const asset = (name: string): Promise<string> =>
    readFile(path.join(packageRoot, "common", "charts", "page", name), "utf8");
  const script = await asset("page.js");
  const style = [
    `:root { color-scheme: light dark; ${themeDeclarations("light")} }`,
    `@media (prefers-color-scheme: dark) { :root { ${themeDeclarations("dark")} } }`,
    await asset("page.css")
  ].join("\n");
  const scriptHash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        ${body} ${new Html(`<script>${script}</script>`)}
      </body>
    </html> `.markup;
}
