import path from "node:path";
import { formatBytes } from "../../common/cli/format.js";
import type { MixLlmFileInfo } from "../../common/format/MixLlmFileInfo.js";
import type { GgufHeader } from "../../common/gguf/GgufHeader.js";

/** What a MixLLM file is and how it was made, as titles and texts; the texts may come from the file. */
export function mixLlmFileFacts(
  file: string,
  header: GgufHeader,
  info: MixLlmFileInfo
): (readonly [title: string, text: string])[] {
  const architecture = header.metadata.get("general.architecture");
  const name = header.metadata.get("general.name");
  return [
    ["file", `${path.basename(file)}, ${formatBytes(header.fileSize)}`],
    ["model", [name, architecture].filter((part) => typeof part === "string").join(", ") || "unnamed"],
    ["weights", `${info.bitsPerWeight.toFixed(2)} bits each, ${info.percent8bit.toFixed(1)} % of channels in 8 bits`],
    ["groups", `${info.groupSize} inputs`],
    ["method", `${info.method}, 8-bit channels by ${info.search}`],
    ["calibration", info.calibration],
    ["source", info.source],
    ...(info.command === undefined ? [] : [["command", info.command] as const])
  ];
}
