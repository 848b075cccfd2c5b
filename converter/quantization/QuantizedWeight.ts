import type { ComponentSuffix } from "../plan/mixedComponents.js";
import type { MixedWeight } from "./MixedWeight.js";

/** A quantized weight in the file's layout. */
export interface QuantizedWeight {
  readonly weight: MixedWeight;
  /** Bytes of each component, empty for an empty part. */
  readonly components: Readonly<Record<ComponentSuffix, Uint8Array>>;
}
