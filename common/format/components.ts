import type { GgufTensor } from "../gguf/GgufHeader.js";
import { ggmlTypeSize, typeNumberOf } from "../gguf/ggmlTypes.js";
import type { MixLlmTensor } from "./MixLlmTensor.js";
import {
  componentTensors,
  INPUT_BLOCK,
  isExtent,
  isWeightShape,
  MAX_EXTENT,
  ROW_TILE,
  type ComponentSuffix
} from "./mixllmFormat.js";

/** The component tensors that a file has of one weight. */
export type Components = Readonly<Partial<Record<ComponentSuffix, GgufTensor>>>;

const COMPONENT = /^(.+)\.(w4|w4_scale|w4_zero|w8|w8_scale|rows)$/;

/** Groups a file's component tensors by the weight they stand for, in the order of their first appearance. */
export function componentsOf(tensors: readonly GgufTensor[]): ReadonlyMap<string, Components> {
  const weights = new Map<string, Partial<Record<ComponentSuffix, GgufTensor>>>();
  for (const tensor of tensors) {
    const match = COMPONENT.exec(tensor.name);
    if (match?.[1] === undefined) continue;
    const components = weights.get(match[1]) ?? {};
    components[match[2] as ComponentSuffix] = tensor;
    weights.set(match[1], components);
  }
  return weights;
}

/**
 * Checks that the component tensors of one weight have the types and shapes that the format asks for and agree with each other.
 *
 * @param name the weight they stand for
 * @param fail is called with what is wrong, naming the tensor, and does not return
 * @see docs/format.md
 */
export function checkComponents(
  name: string,
  components: Components,
  fail: (problem: string) => never
): MixLlmTensor & { readonly rows: GgufTensor } {
  const { w4, w8 } = components;
  if (w4 === undefined && w8 === undefined) fail(`the weight ${name} has neither ${name}.w4 nor ${name}.w8`);
  const inputs4 = w4 === undefined ? undefined : extent(w4, 0) * 2;
  const inputs8 = w8 === undefined ? undefined : extent(w8, 0);
  if (inputs4 !== undefined && inputs8 !== undefined && inputs4 !== inputs8)
    fail(`${name}.w4 has ${inputs4} inputs and ${name}.w8 has ${inputs8}`);
  const shape = {
    inputs: inputs4 ?? inputs8 ?? 0,
    channels4bit: w4 === undefined ? 0 : extent(w4, 1),
    channels8bit: w8 === undefined ? 0 : extent(w8, 1)
  };
  checkExtent(`${name} has`, shape.inputs, INPUT_BLOCK, "inputs", fail);
  if (w4 !== undefined) checkExtent(`${name}.w4 has`, shape.channels4bit, ROW_TILE, "output channels", fail);
  if (w8 !== undefined) checkExtent(`${name}.w8 has`, shape.channels8bit, ROW_TILE, "output channels", fail);
  if (!isWeightShape(shape)) fail(`the weight ${name} has more than ${MAX_EXTENT} output channels`);

  const expected = componentTensors(name, shape);
  for (const [part, tensor] of Object.entries(components))
    if (!expected.some(({ suffix }) => suffix === part))
      fail(`the tensor ${tensor.name} has no ${name}.${part.slice(0, 2)} to belong to`);
  for (const { suffix, type, ne } of expected) {
    const tensor = components[suffix] ?? fail(`the tensor ${name}.${suffix} is missing`);
    if (tensor.type !== typeNumberOf(type))
      fail(`the tensor ${tensor.name} is of type ${typeName(tensor.type)}, not ${typeName(typeNumberOf(type))}`);
    for (let d = 0; d < Math.max(ne.length, tensor.dimensions.length); d++)
      if (extent(tensor, d) !== (ne[d] ?? 1))
        fail(`the tensor ${tensor.name} has the shape [${tensor.dimensions.join(", ")}], not [${ne.join(", ")}]`);
  }
  return {
    name,
    ...layerAndKind(name),
    outputChannels: shape.channels4bit + shape.channels8bit,
    inputChannels: shape.inputs,
    channels8bit: shape.channels8bit,
    rows: components.rows ?? fail(`the tensor ${name}.rows is missing`)
  };
}

function checkExtent(
  subject: string,
  value: number,
  multiple: number,
  what: string,
  fail: (problem: string) => never
): void {
  if (!isExtent(value, multiple))
    fail(`${subject} ${value} ${what}, not a positive multiple of ${multiple} up to ${MAX_EXTENT}`);
}

function typeName(type: number): string {
  return ggmlTypeSize(type)?.name ?? `unknown (${type})`;
}

/** Extent along a dimension; the ones that the file leaves out are 1. */
function extent(tensor: GgufTensor, dimension: number): number {
  return tensor.dimensions[dimension] ?? 1;
}

/** `blk.12.ffn_down.weight` is of kind `ffn_down` in layer 12; undefined for a weight outside the decoder's layers. */
function layerAndKind(name: string): { layer: number; kind: string } | undefined {
  const match = /^blk\.(\d{1,9})\.(.+?)(?:\.weight)?$/.exec(name);
  return match === null ? undefined : { layer: Number(match[1]), kind: match[2]! };
}
