import { tensorBytes } from "../../common/gguf/encodeGgufHeader.js";
import { COMPONENT_SUFFIXES, mixedComponents, type ComponentSuffix } from "../plan/mixedComponents.js";
import type { MixedWeight } from "./MixedWeight.js";

/** A buffer for every component of a weight, empty for an empty part. */
export function allocateComponents({ planned, channels8bit }: MixedWeight): Record<ComponentSuffix, Uint8Array> {
  const { rows, columns } = planned.tensor;
  const components = mixedComponents(planned.target, rows, columns, channels8bit);
  return Object.fromEntries(
    COMPONENT_SUFFIXES.map((suffix) => {
      const component = components.find((candidate) => candidate.suffix === suffix);
      return [suffix, new Uint8Array(component === undefined ? 0 : tensorBytes(component))];
    })
  ) as Record<ComponentSuffix, Uint8Array>;
}
