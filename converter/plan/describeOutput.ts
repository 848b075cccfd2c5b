import type { TensorDescription } from "../../common/gguf/encodeGgufHeader.js";
import { mixedComponents } from "./mixedComponents.js";
import type { PlannedTensor } from "./PlannedTensor.js";

/**
 * The GGUF tensors one planned tensor becomes.
 *
 * @param channels8bit how many output channels of a mixed weight have 8 bits
 */
export function describeOutput(planned: PlannedTensor, channels8bit: number): TensorDescription[] {
  const { target } = planned;
  switch (planned.treatment) {
    case "computed":
      return [{ name: target, type: "f32", ne: [planned.tensor.values.length] }];
    case "stock":
      return [{ name: target, type: planned.type, ne: [...planned.tensor.spec.shape].reverse() }];
    case "mixed":
      return mixedComponents(target, planned.tensor.rows, planned.tensor.columns, channels8bit);
  }
}
