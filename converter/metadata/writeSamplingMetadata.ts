import type { Metadata } from "../../common/gguf/Metadata.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";

/** Fields of generation_config.json and the sampler defaults they become, in the order they are written. */
const SAMPLERS: readonly {
  readonly fields: readonly string[];
  readonly key: string;
  readonly type: "string" | "int32" | "float32";
}[] = [
  { fields: ["sequence"], key: "sequence", type: "string" },
  { fields: ["top_k"], key: "top_k", type: "int32" },
  { fields: ["top_p"], key: "top_p", type: "float32" },
  { fields: ["min_p"], key: "min_p", type: "float32" },
  { fields: ["xtc_probability"], key: "xtc_probability", type: "float32" },
  { fields: ["xtc_threshold"], key: "xtc_threshold", type: "float32" },
  { fields: ["temperature"], key: "temp", type: "float32" },
  { fields: ["penalty_last_n"], key: "penalty_last_n", type: "int32" },
  { fields: ["penalty_repeat", "repetition_penalty"], key: "penalty_repeat", type: "float32" },
  { fields: ["mirostat"], key: "mirostat", type: "int32" },
  { fields: ["mirostat_tau"], key: "mirostat_tau", type: "float32" },
  { fields: ["mirostat_eta"], key: "mirostat_eta", type: "float32" }
];

/** Writes the sampling settings a model recommends; a value of the wrong type is no recommendation. */
export async function writeSamplingMetadata(metadata: Metadata, directory: ModelDirectory): Promise<void> {
  const config = await directory.readOptionalJson("generation_config.json");
  if (config === undefined) return;
  for (const { fields, key, type } of SAMPLERS) {
    const value = fields.map((field) => config.get(field)).find((candidate) => candidate !== undefined);
    const name = `general.sampling.${key}`;
    if (type === "string" && typeof value === "string") metadata.string(name, value);
    else if (type === "float32" && typeof value === "number") metadata.float32(name, value);
    else if (type === "int32" && Number.isInteger(value)) metadata.int32(name, value as number);
  }
}
