import type { RuntimeGpu } from "../../plugin/runtime/RuntimeGpu.js";
import type { HeadType, OutputFormat } from "../plan/ConversionOptions.js";
import type { TensorOverride } from "../plan/TensorOverride.js";
import type { Ranking } from "../quantization/Ranking.js";

/** Options of `mixllm-convert` as commander parses them. */
export interface ConvertArguments {
  readonly output?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly type: OutputFormat;
  readonly method: "gptq" | "rtn";
  readonly search: "global" | "weight_error";
  readonly ranking: Ranking;
  readonly percent8bit: number;
  readonly bitsPerWeight?: number;
  readonly size?: number;
  readonly tensorBits: readonly TensorOverride[];
  readonly salience?: string;
  readonly calibration?: readonly string[];
  readonly samples: number;
  readonly sequenceLength: number;
  readonly memory?: number;
  readonly gpu: RuntimeGpu | "auto";
  readonly workDirectory?: string;
  readonly embeddingType: HeadType;
  readonly outputType: HeadType;
  readonly preTokenizer?: string;
}
