import { buildNativeProject } from "./buildNativeProject.js";
import { runLoudly } from "./runLoudly.js";

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
  const buildDirectory = await buildNativeProject(project, definitions);
  const output = await runLoudly("ctest", ["--test-dir", buildDirectory, "-C", "Release", "--output-on-failure"]);
  const names = (verdict: RegExp) =>
    [...output.matchAll(/^\s*\d+\/\d+ Test\s+#\d+: (\S+) \.+\**(.*)$/gm)]
      .filter((match) => verdict.test(match[2] ?? ""))
      .map((match) => match[1] ?? "");
  return { passed: names(/Passed/), skipped: names(/Skipped/) };
}
