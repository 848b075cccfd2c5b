import type { GgufValue } from "../gguf/GgufHeader.js";
import type { MixLlmFileInfo } from "./MixLlmFileInfo.js";

const VERSION = 1;
const GROUP_SIZE = 128;

/**
 * Reads the `mixllm.*` metadata keys.
 *
 * @param fail is called with what is wrong, naming the key, and does not return
 */
export function readMixLlmMetadata(
  metadata: ReadonlyMap<string, GgufValue>,
  fail: (problem: string) => never
): Omit<MixLlmFileInfo, "tensors"> {
  const number = (key: string): number => {
    const value = metadata.get(key);
    return typeof value === "number" && Number.isFinite(value) ? value : fail(problemWith(key, value, "a number"));
  };
  const text = (key: string): string => {
    const value = metadata.get(key);
    return typeof value === "string" ? value : fail(problemWith(key, value, "a string"));
  };
  const command = metadata.has("mixllm.command") ? { command: text("mixllm.command") } : {};
  const version = number("mixllm.version");
  if (version !== VERSION)
    fail(`its format is version ${version}, and this release of mixllm reads version ${VERSION}`);
  const groupSize = number("mixllm.group_size");
  if (groupSize !== GROUP_SIZE) fail(`mixllm.group_size is ${groupSize}, not ${GROUP_SIZE}`);
  return {
    version,
    bitsPerWeight: float32Digits(number("mixllm.bits_per_weight")),
    percent8bit: float32Digits(number("mixllm.percent_8bit")),
    groupSize,
    method: text("mixllm.method"),
    search: text("mixllm.search"),
    calibration: text("mixllm.calibration"),
    source: text("mixllm.source"),
    ...command
  };
}

function problemWith(key: string, value: GgufValue | undefined, expected: string): string {
  return value === undefined ? `the metadata key ${key} is missing` : `the metadata value ${key} is not ${expected}`;
}

/** Drops the digits that a float32 seen as a float64 has beyond its precision. */
function float32Digits(value: number): number {
  return Number(value.toPrecision(7));
}
