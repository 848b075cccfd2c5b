import { tensorBytes } from "../../common/gguf/encodeGgufHeader.js";
import type { ConversionContext } from "../ConversionContext.js";
import { COMPONENT_SUFFIXES, componentTensors, type ComponentSuffix } from "../../common/format/mixllmFormat.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";

/** A weight to quantize, its 8-bit output channels chosen. */
export interface MixedWeight {
  readonly planned: PlannedMixedWeight;
  /** One byte an output channel, of a stack those of each expert in turn: 1 for 8 bits. */
  readonly is8bit: Uint8Array;
  /** How many of them have 8 bits, of each expert a multiple of 16. */
  readonly channels8bit: number;
  /** See `MeasuredWeight`; its output channels make good for each other's errors where there is one. */
  readonly moment?: () => Promise<Uint8Array>;
}

/** A quantized weight in the file's layout. */
export interface QuantizedWeight {
  readonly weight: MixedWeight;
  /** Calibration tokens that each expert of a stack was quantized on; absent where none were. */
  readonly expertTokens?: readonly number[];
  /** Bytes of each component, empty for an empty part. */
  readonly components: Readonly<Record<ComponentSuffix, Uint8Array>>;
}

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

/** A buffer for every component of a weight, empty for an empty part. */
export function allocateComponents({ planned, channels8bit }: MixedWeight): Record<ComponentSuffix, Uint8Array> {
  const { experts, tensor } = planned;
  const shape = { inputs: tensor.columns, channels4bit: tensor.rows - channels8bit, channels8bit, experts };
  const components = componentTensors(planned.target, shape);
  return Object.fromEntries(
    COMPONENT_SUFFIXES.map((suffix) => {
      const component = components.find((candidate) => candidate.suffix === suffix);
      return [suffix, new Uint8Array(component === undefined ? 0 : tensorBytes(component))];
    })
  ) as Record<ComponentSuffix, Uint8Array>;
}
