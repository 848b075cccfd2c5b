import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../plugin/runtime/cacheDirectory.js";
import { packageRoot } from "../plugin/runtime/packageRoot.js";

const run = promisify(execFile);

/** Output of a test program that fails can be long; what matters is printed last. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Builds a CMake project of native tests outside the checkout and runs its tests with ctest.
 *
 * @param project folder of the project, relative to the repository's root
 * @param definitions CMake cache entries
 * @returns the names of the tests that passed and of those that skipped themselves
 * @throws with the compiler's or the tests' output when anything fails
 */
export async function runNativeTests(
  project: string,
  definitions: Readonly<Record<string, string>> = {}
): Promise<{ passed: string[]; skipped: string[] }> {
  const source = path.join(packageRoot, project);
  // CMake refuses a build folder that another checkout has used.
  const checkout = createHash("sha256").update(source).digest("hex").slice(0, 12);
  const buildDirectory = path.join(cacheDirectory(), "native-tests", `${project.replaceAll("/", "-")}-${checkout}`);
  await mkdir(buildDirectory, { recursive: true });
  const options = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  const jobs = String(os.availableParallelism());
  await runLoudly("cmake", ["-S", source, "-B", buildDirectory, ...options]);
  await runLoudly("cmake", ["--build", buildDirectory, "--config", "Release", "--parallel", jobs]);
  const output = await runLoudly("ctest", ["--test-dir", buildDirectory, "-C", "Release", "--output-on-failure"]);
  const names = (verdict: RegExp) =>
    [...output.matchAll(/^\s*\d+\/\d+ Test\s+#\d+: (\S+) \.+\**(.*)$/gm)]
      .filter((match) => verdict.test(match[2] ?? ""))
      .map((match) => match[1] ?? "");
  return { passed: names(/Passed/), skipped: names(/Skipped/) };
}

async function runLoudly(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args], { maxBuffer: OUTPUT_LIMIT_BYTES })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed\n${stdout ?? ""}\n${stderr ?? ""}`, { cause: error });
  }
}
