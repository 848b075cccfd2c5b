import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Output of a test program that fails can be long; what matters is printed last. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program to its end.
 *
 * @param environment variables that it has besides this process's
 * @returns what the program printed on standard output
 * @throws with all that the program printed when it fails
 */
export async function runLoudly(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {}
): Promise<string> {
  try {
    const env = { ...process.env, ...environment };
    return (await execute(program, [...args], { maxBuffer: OUTPUT_LIMIT_BYTES, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed\n${stdout ?? ""}\n${stderr ?? ""}`, { cause: error });
  }
}
