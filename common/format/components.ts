import type { GgufTensor } from "../gguf/GgufHeader.js";
import { ggmlTypeSize, typeNumberOf } from "../gguf/ggmlTypes.js";
import type { MixLlmTensor } from "./MixLlmTensor.js";
import {
  componentTensors,
  componentTensorsOfVersion1,
  INPUT_BLOCK,
  isExtent,
  isWeightShape,
  MAX_EXTENT,
  ROW_TILE,
  ROWS_SUFFIX,
  type ComponentSuffix,
  type WeightShape
} from "./mixllmFormat.js";

/** What a component of any version adds to its weight's name. */
type AnySuffix = ComponentSuffix | typeof ROWS_SUFFIX;

/** The component tensors that a file has of one weight. */
export type Components = Readonly<Partial<Record<AnySuffix, GgufTensor>>>;

const COMPONENT = /^(.+)\.(w4|w4_scale|w4_zero|w8|w8_scale|mask|rows)$/;

/** Groups a file's component tensors by the weight they stand for, in the order of their first appearance. */
export function componentsOf(tensors: readonly GgufTensor[]): ReadonlyMap<string, Components> {
  const weights = new Map<string, Partial<Record<AnySuffix, GgufTensor>>>();
  for (const tensor of tensors) {
    const match = COMPONENT.exec(tensor.name);
    if (match?.[1] === undefined) continue;
    const components = weights.get(match[1]) ?? {};
    components[match[2] as AnySuffix] = tensor;
    weights.set(match[1], components);
  }
  return weights;
}

/** A weight whose component tensors are as the format has them. */
export interface CheckedWeight {
  readonly name: string;
  readonly shape: WeightShape;
  /** Its mask, or in version 1 its rows: what is to be checked yet. */
  readonly order: GgufTensor;
}

/**
 * Checks that the component tensors of one weight have the types and shapes that the format asks for and agree with each other.
 *
 * @param name the weight they stand for
 * @param version of the file's format
 * @param fail is called with what is wrong, naming the tensor, and does not return
 * @see docs/format.md
 */
export function checkComponents(
  name: string,
  components: Components,
  version: number,
  fail: (problem: string) => never
): CheckedWeight {
  const orderSuffix = version === 1 ? ROWS_SUFFIX : "mask";
  const otherSuffix = version === 1 ? "mask" : ROWS_SUFFIX;
  if (components[otherSuffix] !== undefined)
    fail(`the tensor ${name}.${otherSuffix} has no place in version ${version}, which has ${name}.${orderSuffix}`);
  const order = components[orderSuffix] ?? fail(`the tensor ${name}.${orderSuffix} is missing`);
  const shape = shapeOf(name, components, fail);

  const expected = version === 1 ? componentTensorsOfVersion1(name, shape) : componentTensors(name, shape);
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
  return { name, shape, order };
}

/** The shape that a weight's w4 and w8, and the experts of its mask, give it. */
function shapeOf(name: string, { w4, w8, mask }: Components, fail: (problem: string) => never): WeightShape {
  if (w4 === undefined && w8 === undefined) fail(`the weight ${name} has neither ${name}.w4 nor ${name}.w8`);
  const inputs4 = w4 === undefined ? undefined : extent(w4, 0) * 2;
  const inputs8 = w8 === undefined ? undefined : extent(w8, 0);
  if (inputs4 !== undefined && inputs8 !== undefined && inputs4 !== inputs8)
    fail(`${name}.w4 has ${inputs4} inputs and ${name}.w8 has ${inputs8}`);
  const inputs = inputs4 ?? inputs8 ?? 0;
  const channels4bit = w4 === undefined ? 0 : extent(w4, 1);
  const channels8bit = w8 === undefined ? 0 : extent(w8, 1);
  const experts = mask === undefined ? 1 : extent(mask, 1);
  checkExtent(`${name} has`, inputs, INPUT_BLOCK, "inputs", fail);
  if (w4 !== undefined) checkExtent(`${name}.w4 has`, channels4bit, ROW_TILE, "output channels", fail);
  if (w8 !== undefined) checkExtent(`${name}.w8 has`, channels8bit, ROW_TILE, "output channels", fail);
  const shape = { inputs, channels4bit, channels8bit, ...(experts === 1 ? {} : { experts }) };
  if (isWeightShape(shape)) return shape;
  const channels = channels4bit + channels8bit;
  if (channels > MAX_EXTENT) fail(`the weight ${name} has more than ${MAX_EXTENT} output channels`);
  return fail(`the weight ${name} has ${channels} output channels, no multiple of ${ROW_TILE} for ${experts} experts`);
}

/**
 * Describes a weight.
 *
 * @param channels8bit how many 8-bit channels each of its experts has; one number for an ordinary weight
 */
export function describeWeight({ name, shape }: CheckedWeight, channels8bit: readonly number[]): MixLlmTensor {
  return {
    name,
    ...layerAndKind(name),
    outputChannels: shape.channels4bit + shape.channels8bit,
    inputChannels: shape.inputs,
    channels8bit: shape.channels8bit,
    ...(shape.experts === undefined ? {} : { experts: channels8bit })
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
