import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { sampleComparison } from "../testing/sampleComparison.js";
import { renderReport } from "./renderReport.js";

/** Where Debian and most others have it; another place can be given. */
const PATHS = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome"
];
const executablePath = PATHS.find((path) => path !== undefined && existsSync(path));

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);

/** What runs in the page; the project is compiled without the browser's types. */
const IN_PAGE = {
  overflow: "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  /** Texts of charts that stand out of the window, to the left or the right. */
  cutOff: `[...document.querySelectorAll("svg.chart text")]
    .filter((text) => text.checkVisibility() && text.textContent !== "")
    .filter((text) => {
      const { left, right } = text.getBoundingClientRect();
      return left < 0 || right > document.documentElement.clientWidth;
    })
    .map((text) => text.textContent)`,
  background: "getComputedStyle(document.body).backgroundColor",
  firstColumn: `[...document.querySelectorAll("#figures tbody th")].map((cell) => cell.textContent.trim())`
};

describe.skipIf(executablePath === undefined)("the report in Chromium, where that is installed", () => {
  let browser: Browser;

  beforeAll(async () => {
    await writeFile(file("report.html"), await renderReport(sampleComparison(32)));
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    });
  });
  afterAll(() => browser?.close());

  test.each([
    ["light", 1280, "rgb(255, 255, 255)"],
    ["dark", 1280, "rgb(20, 23, 28)"],
    ["light", 390, "rgb(255, 255, 255)"],
    ["dark", 390, "rgb(20, 23, 28)"]
  ] as const)("%s, %d pixels wide: no error, no request, nothing cut off", async (colorScheme, width, background) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    const problems: string[] = [];
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      if (!/^(?:file|data):/.test(request.url())) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(file("report.html")).href);
    expect(await page.evaluate(IN_PAGE.background)).toBe(background);
    expect(await page.evaluate(IN_PAGE.overflow)).toBe(0);
    expect(await page.evaluate(IN_PAGE.cutOff)).toEqual([]);
    const shown = width > 1000 ? ".wide" : ".narrow";
    expect(await page.locator(`#quality ${shown} svg`).isVisible()).toBe(true);
    expect(await page.locator("#quality figure > div:visible").count()).toBe(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("a click on a title sorts by its column, a second one the other way round", async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file("report.html")).href);
    await page.getByRole("button", { name: "size" }).click();
    expect(await page.evaluate(IN_PAGE.firstColumn)).toEqual([
      ...["IQ4_XS", "Q4_0", "MixLLM p0", "Q4_K_M", "Q5_K_M", "MixLLM p20", "Q8_0", "F16"]
    ]);
    await page.getByRole("button", { name: "mean KLD" }).click();
    await page.getByRole("button", { name: "mean KLD" }).click();
    // The reference has none and stays last.
    const names = await page.evaluate<string[]>(IN_PAGE.firstColumn);
    expect([names[0], names.at(-1)]).toEqual(["Q4_0", "F16"]);
    await page.close();
  });

  test("a mark says what it is when the pointer is on it", async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file("report.html")).href);
    await page.locator("#quality .wide [data-tip^='MixLLM p20']").hover();
    expect(await page.locator(".tip").innerText()).toMatch(/^MixLLM p20\n2\.68 MiB/);
    await page.close();
  });
});
