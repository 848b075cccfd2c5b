import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ConversionSummary } from "../converter/ConversionSummary.js";
import { packageRoot } from "../common/package.js";
import { runLoudly } from "./runLoudly.js";

/**
 * Converts the demo model by the command, in a process of its own.
 *
 * @param output file to write
 * @param options further options of `mixllm-convert`
 * @param environment variables that the process has besides this one's
 * @returns the device it computed on, if it says so, and the file's bytes
 */
export async function convertInProcess(
  output: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {}
): Promise<{ device: string | undefined; bytes: Buffer }> {
  const program = path.join(packageRoot, "dist/converter/cli/mixllmConvert.js");
  const args = [program, path.join(packageRoot, "models/demo"), "-o", output, "--quiet", "--json", ...options];
  const stdout = await runLoudly(process.execPath, args, environment);
  return { device: (JSON.parse(stdout) as ConversionSummary).mixed?.device, bytes: await readFile(output) };
}
