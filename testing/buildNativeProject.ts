import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { cacheDirectory } from "../plugin/runtime/buildCache.js";
import { packageRoot } from "../common/package.js";
import { runLoudly } from "./runLoudly.js";

/**
 * Builds a CMake project of native tests outside the checkout.
 *
 * @param project folder of the project, relative to the repository's root
 * @param definitions CMake cache entries
 * @returns the build folder
 * @throws with the compiler's output when anything fails
 */
export async function buildNativeProject(
  project: string,
  definitions: Readonly<Record<string, string>> = {}
): Promise<string> {
  const source = path.join(packageRoot, project);
  // CMake refuses a build folder that another checkout has used.
  const checkout = createHash("sha256").update(source).digest("hex").slice(0, 12);
  const buildDirectory = path.join(cacheDirectory(), "native-tests", `${project.replaceAll("/", "-")}-${checkout}`);
  await mkdir(buildDirectory, { recursive: true });
  const options = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  const jobs = String(os.availableParallelism());
  await runLoudly("cmake", ["-S", source, "-B", buildDirectory, ...options]);
  await runLoudly("cmake", ["--build", buildDirectory, "--config", "Release", "--parallel", jobs]);
  return buildDirectory;
}
