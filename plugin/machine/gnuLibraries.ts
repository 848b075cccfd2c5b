import { readFile } from "node:fs/promises";
import path from "node:path";

/** The version of the GNU C library that this process runs on, and the file of the C++ library; `undefined` where there is none. */
export function gnuLibraries(): { glibc: string | undefined; cxxLibrary: string | undefined } {
  const { report } = process as { report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  if (report === undefined) return { glibc: undefined, cxxLibrary: undefined };
  // Else it may ask the network for the names of its peers.
  report.excludeNetwork = true;
  const { header, sharedObjects } = report.getReport() as {
    header: { glibcVersionRuntime?: string };
    sharedObjects: readonly string[];
  };
  const cxxLibrary = sharedObjects.find((file) => path.basename(file).startsWith("libstdc++.so"));
  return { glibc: header.glibcVersionRuntime, cxxLibrary };
}

/** The newest version of symbols that some libraries name: what they need, or the library itself has. */
export async function newestSymbols(
  library: "GLIBC" | "GLIBCXX",
  files: readonly string[]
): Promise<string | undefined> {
  const name = new RegExp(String.raw`\0${library}_(\d+(?:\.\d+)+)(?=\0)`, "g");
  const versions: string[] = [];
  for (const file of files)
    for (const [, version] of (await readFile(file, "latin1")).matchAll(name)) versions.push(version ?? "");
  return versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}
