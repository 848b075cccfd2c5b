import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { gnuLibraries, newestSymbols } from "./gnuLibraries.js";

test("the newest symbols are those of the newest of some libraries, and not what merely looks like a version", async () => {
  const directory = temporaryDirectory();
  const files = ["libone.so", "libtwo.so"].map((file) => path.join(directory, file));
  await writeFile(
    files[0] ?? "",
    "\0GLIBC_2.9\0GLIBC_2.17\0GLIBCXX_3.4.9\0GLIBCXX_3.4.30\0GLIBCXX_DEBUG_MESSAGE_LENGTH\0"
  );
  await writeFile(files[1] ?? "", "\0GLIBC_2.2.5\0GLIBC_PRIVATE\0GLIBCXX_3.4\0");
  expect(await newestSymbols("GLIBC", files)).toBe("2.17");
  expect(await newestSymbols("GLIBCXX", files)).toBe("3.4.30");
  expect(await newestSymbols("GLIBCXX", [])).toBeUndefined();
});

test.skipIf(process.platform !== "linux")("Node runs on libraries that say their versions", async () => {
  const { glibc, cxxLibrary } = gnuLibraries();
  expect(glibc).toMatch(/^2\.\d+$/);
  expect(await newestSymbols("GLIBCXX", cxxLibrary === undefined ? [] : [cxxLibrary])).toMatch(/^3\.4\.\d+$/);
});
