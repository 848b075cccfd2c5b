import type { TensorDescription } from "../../common/gguf/encodeGgufHeader.js";
import { groupCount } from "./mixedFormat.js";

/** What the name of each component tensor adds to the weight's. */
export const COMPONENT_SUFFIXES = ["w4", "w4_scale", "w4_zero", "w8", "w8_scale", "rows"] as const;

export type ComponentSuffix = (typeof COMPONENT_SUFFIXES)[number];

/**
 * The tensors that stand for one mixed weight, in the order they are written; an empty part has none.
 *
 * @param target the weight's name
 * @param channels N, output channels
 * @param inputs K, input channels
 * @param channels8bit N8, how many output channels have 8 bits
 */
export function mixedComponents(
  target: string,
  channels: number,
  inputs: number,
  channels8bit: number
): (TensorDescription & { readonly suffix: ComponentSuffix })[] {
  const channels4bit = channels - channels8bit;
  const groups = groupCount(inputs);
  const components = [
    { suffix: "w4", type: "i8", ne: [inputs / 2, channels4bit] },
    { suffix: "w4_scale", type: "f16", ne: [channels4bit, groups] },
    { suffix: "w4_zero", type: "i8", ne: [channels4bit / 2, groups] },
    { suffix: "w8", type: "i8", ne: [inputs, channels8bit] },
    { suffix: "w8_scale", type: "f16", ne: [channels8bit, groups] },
    { suffix: "rows", type: "i32", ne: [channels] }
  ] as const;
  return components
    .filter(({ ne }) => ne.every((size) => size > 0))
    .map((component) => ({ ...component, name: `${target}.${component.suffix}` }));
}
