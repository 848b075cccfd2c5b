import type { GgufTensor } from "../gguf/GgufHeader.js";

/** Suffixes of the component tensors of a MixLLM weight. */
export type ComponentName = "w4" | "w4_scale" | "w4_zero" | "w8" | "w8_scale" | "rows";

const COMPONENT = /^(.+)\.(w4|w4_scale|w4_zero|w8|w8_scale|rows)$/;

/** Groups a file's component tensors by the weight they stand for, in the order of their first appearance. */
export function componentsOf(
  tensors: readonly GgufTensor[]
): ReadonlyMap<string, Readonly<Partial<Record<ComponentName, GgufTensor>>>> {
  const weights = new Map<string, Partial<Record<ComponentName, GgufTensor>>>();
  for (const tensor of tensors) {
    const match = COMPONENT.exec(tensor.name);
    if (match?.[1] === undefined) continue;
    const components = weights.get(match[1]) ?? {};
    components[match[2] as ComponentName] = tensor;
    weights.set(match[1], components);
  }
  return weights;
}
