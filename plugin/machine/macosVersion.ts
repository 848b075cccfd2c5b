import { readFile } from "node:fs/promises";

/** The version of macOS that this process runs on; `undefined` where there is none. */
export async function macosVersion(
  file = "/System/Library/CoreServices/SystemVersion.plist"
): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /<key>ProductVersion<\/key>\s*<string>(\d[\d.]*)<\/string>/.exec(text)?.[1];
}
