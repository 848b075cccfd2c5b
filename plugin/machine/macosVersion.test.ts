import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { macosVersion } from "./macosVersion.js";

test("is what macOS says of itself, and nothing elsewhere", async () => {
  const file = path.join(temporaryDirectory(), "SystemVersion.plist");
  expect(await macosVersion(file)).toBeUndefined();
  await writeFile(
    file,
    `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>ProductBuildVersion</key>
	<string>23B74</string>
	<key>ProductName</key>
	<string>macOS</string>
	<key>ProductVersion</key>
	<string>14.1.1</string>
	<key>iOSSupportVersion</key>
	<string>17.1</string>
</dict>
</plist>
`
  );
  expect(await macosVersion(file)).toBe("14.1.1");
});

test.runIf(process.platform === "darwin")("a Mac says it", async () => {
  expect(await macosVersion()).toMatch(/^\d+\.\d+/);
});
