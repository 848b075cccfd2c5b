import type { ConverterAddon } from "./ConverterAddon.js";
import type { Metadata } from "../common/gguf/Metadata.js";
import type { ModelGraph } from "./MethodAddon.js";
import type { SourceModel } from "./model/SourceModel.js";
import type { WeightReader } from "./model/WeightReader.js";

/** What every step of a conversion works with. */
export interface ConversionContext {
  readonly model: SourceModel;
  readonly reader: WeightReader;
  /** What the output will say about the model. */
  readonly metadata: Metadata;
  readonly addon: ConverterAddon;
  /** What the model computes. */
  readonly graph: ModelGraph;
  readonly threads: number;
  /** Tells the user one sentence they should know. */
  readonly warn: (message: string) => void;
  /** Aborted when the conversion is cancelled. */
  readonly signal: AbortSignal;
  /**
   * Reports progress.
   *
   * @param fraction how much of this step is done, 0 to 1; undefined where that cannot be told
   * @param detail what is being worked on
   */
  readonly progress: (fraction: number | undefined, detail: string) => void;
}
