import type { HeadType, OutputFormat } from "../plan/ConversionOptions.js";

/** Options of `mixllm-convert` as commander parses them. */
export interface ConvertArguments {
  readonly output?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly type: OutputFormat;
  readonly method: "rtn";
  readonly percent8bit: number;
  readonly embeddingType: HeadType;
  readonly outputType: HeadType;
  readonly preTokenizer?: string;
}
