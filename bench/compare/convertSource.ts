import { shellWords } from "../../common/cli/format.js";
import type { ComparisonContext } from "./ComparisonContext.js";
import type { MadeModel } from "./MadeModel.js";

/**
 * Converts the source with mixllm-convert.
 *
 * @param kind to F16, or to MixLLM
 * @param args options that decide the file's content
 * @param files options that name files, whose content is in the context or follows from it
 */
export async function convertSource(
  { options: { source }, workshop, sha256, step }: ComparisonContext,
  kind: "convert" | "mixllm",
  name: string,
  args: readonly string[],
  files: readonly string[] = []
): Promise<MadeModel> {
  const rest = [...args, ...files];
  const file = await workshop.make(
    name.replace(" ", "-"),
    ["convert", sha256.source, sha256.calibration ?? "none", args],
    (path) => ({ kind: "convert", arguments: [source, "-o", path, ...rest] }),
    step(kind, `converting to ${name}`)
  );
  return { file, origin: `mixllm-convert ${shellWords([source, "-o", file, ...rest])}` };
}
