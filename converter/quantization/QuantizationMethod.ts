import type { MixedWeight } from "./MixedWeight.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { QuantizedWeight } from "./QuantizedWeight.js";

/** A way to turn weights into 4- and 8-bit integers. */
export interface QuantizationMethod {
  /** Its name in `mixllm.method`. */
  readonly name: "rtn" | "gptq";

  /**
   * Quantizes the weights and yields each when it is done, in any order: the writer knows where each belongs.
   *
   * @throws {InvalidInputError} a weight holds NaN, infinity or values no scale can hold
   */
  quantize(weights: readonly MixedWeight[], context: ConversionContext): AsyncIterable<QuantizedWeight>;
}
