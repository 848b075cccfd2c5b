import type { GgufHeader, GgufValue } from "../gguf/GgufHeader.js";
import { UINT32 } from "../gguf/metadataValues.js";
import type { MixLlmFileInfo } from "./MixLlmFileInfo.js";
import { FORMAT_VERSION, GROUP_SIZE, OLDEST_FORMAT_VERSION } from "./mixllmFormat.js";

/**
 * Reads the `mixllm.*` metadata keys.
 *
 * @param header of the file
 * @param fail is called with what is wrong, naming the key, and does not return
 */
export function readMixLlmMetadata(
  { metadata, places }: GgufHeader,
  fail: (problem: string) => never
): Omit<MixLlmFileInfo, "tensors"> {
  const number = (key: string): number => {
    const value = metadata.get(key);
    return typeof value === "number" && Number.isFinite(value) ? value : fail(problemWith(key, value, "a number"));
  };
  const uint32 = (key: string): number => {
    const value = number(key);
    return places.get(key)?.type === UINT32 ? value : fail(problemWith(key, value, "of type u32"));
  };
  const text = (key: string): string => {
    const value = metadata.get(key);
    return typeof value === "string" ? value : fail(problemWith(key, value, "a string"));
  };
  const command = metadata.has("mixllm.command") ? { command: text("mixllm.command") } : {};
  const version = uint32("mixllm.version");
  if (version < OLDEST_FORMAT_VERSION || version > FORMAT_VERSION)
    fail(
      `its format is version ${version}, and this release of mixllm reads versions ${OLDEST_FORMAT_VERSION} to ${FORMAT_VERSION}`
    );
  const groupSize = uint32("mixllm.group_size");
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
