import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Directory of this package, whether it runs from its TypeScript sources or from `dist/`: the nearest ancestor
 * whose package.json is named `mixllm`.
 */
export const packageRoot: string = findPackageRoot(path.dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(start: string): string {
  for (let directory = start; ; directory = path.dirname(directory)) {
    if (packageName(path.join(directory, "package.json")) === "mixllm") return directory;
    if (path.dirname(directory) === directory) throw new Error(`No package.json of mixllm above ${start}`);
  }
}

function packageName(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

/** Version of this package. */
export const packageVersion: string = (
  JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string }
).version;
