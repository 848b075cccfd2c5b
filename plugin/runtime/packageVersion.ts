import { readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "./packageRoot.js";

/** Version of this package. */
export const packageVersion: string = (
  JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string }
).version;
