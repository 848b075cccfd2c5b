import path from "node:path";
import { createConvertCommand } from "../../converter/cli/createConvertCommand.js";
import { packageRoot } from "../../common/package.js";

/** Converts the bundled demo model with `mixllm-convert` and these further arguments. */
export async function convertDemo(output: string, ...args: string[]): Promise<void> {
  const source = path.join(packageRoot, "models", "demo");
  await createConvertCommand().parseAsync([source, "-o", output, "--quiet", ...args], { from: "user" });
}
