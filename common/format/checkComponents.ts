import { ggmlTypeSize } from "../gguf/ggmlTypes.js";
import type { GgufTensor } from "../gguf/GgufHeader.js";
import type { ComponentName } from "./componentsOf.js";
import { layerAndKind } from "./layerAndKind.js";
import type { MixLlmTensor } from "./MixLlmTensor.js";

/** Inputs that share a scale. */
const GROUP_SIZE = 128;
/** N, N4 and N8 are multiples of this. */
const CHANNEL_MULTIPLE = 16;
/** K is a multiple of this. */
const INPUT_MULTIPLE = 32;

/**
 * Checks that the component tensors of one weight have the types and shapes that the format asks for and agree with each other.
 *
 * @param name the weight they stand for
 * @param fail is called with what is wrong, naming the tensor, and does not return
 * @see docs/format.md
 */
export function checkComponents(
  name: string,
  components: Readonly<Partial<Record<ComponentName, GgufTensor>>>,
  fail: (problem: string) => never
): MixLlmTensor {
  const { w4, w8 } = components;
  if (w4 === undefined && w8 === undefined) fail(`the weight ${name} has neither ${name}.w4 nor ${name}.w8`);
  const inputs4 = w4 === undefined ? undefined : extent(w4, 0) * 2;
  const inputs8 = w8 === undefined ? undefined : extent(w8, 0);
  if (inputs4 !== undefined && inputs8 !== undefined && inputs4 !== inputs8)
    fail(`${name}.w4 has ${inputs4} inputs and ${name}.w8 has ${inputs8}`);
  const inputs = inputs4 ?? inputs8 ?? 0;
  const channels4 = w4 === undefined ? 0 : extent(w4, 1);
  const channels8 = w8 === undefined ? 0 : extent(w8, 1);
  checkMultiple(`${name} has`, inputs, INPUT_MULTIPLE, "inputs", fail);
  if (w4 !== undefined) checkMultiple(`${name}.w4 has`, channels4, CHANNEL_MULTIPLE, "output channels", fail);
  if (w8 !== undefined) checkMultiple(`${name}.w8 has`, channels8, CHANNEL_MULTIPLE, "output channels", fail);

  const groups = Math.ceil(inputs / GROUP_SIZE);
  const expected: readonly [ComponentName, boolean, string, readonly number[]][] = [
    ["w4", w4 !== undefined, "I8", [inputs / 2, channels4]],
    ["w4_scale", w4 !== undefined, "F16", [channels4, groups]],
    ["w4_zero", w4 !== undefined, "I8", [channels4 / 2, groups]],
    ["w8", w8 !== undefined, "I8", [inputs, channels8]],
    ["w8_scale", w8 !== undefined, "F16", [channels8, groups]],
    ["rows", true, "I32", [channels4 + channels8]]
  ];
  for (const [part, wanted, type, shape] of expected) {
    const tensor = components[part];
    if (wanted && tensor === undefined) fail(`the tensor ${name}.${part} is missing`);
    if (!wanted && tensor !== undefined)
      fail(`the tensor ${name}.${part} has no ${name}.${part.slice(0, 2)} to belong to`);
    if (tensor !== undefined) checkTensor(tensor, type, shape, fail);
  }
  return {
    name,
    ...layerAndKind(name),
    outputChannels: channels4 + channels8,
    inputChannels: inputs,
    channels8bit: channels8
  };
}

function checkMultiple(
  subject: string,
  value: number,
  multiple: number,
  what: string,
  fail: (problem: string) => never
): void {
  if (value === 0 || value % multiple !== 0)
    fail(`${subject} ${value} ${what}, not a positive multiple of ${multiple}`);
}

function checkTensor(
  tensor: GgufTensor,
  type: string,
  shape: readonly number[],
  fail: (problem: string) => never
): void {
  const actualType = ggmlTypeSize(tensor.type)?.name ?? `unknown (${tensor.type})`;
  if (actualType !== type) fail(`the tensor ${tensor.name} is of type ${actualType}, not ${type}`);
  const rank = Math.max(shape.length, tensor.dimensions.length);
  for (let d = 0; d < rank; d++)
    if (extent(tensor, d) !== (shape[d] ?? 1))
      fail(`the tensor ${tensor.name} has the shape [${tensor.dimensions.join(", ")}], not [${shape.join(", ")}]`);
}

/** Extent along a dimension; the ones that the file leaves out are 1. */
function extent(tensor: GgufTensor, dimension: number): number {
  return tensor.dimensions[dimension] ?? 1;
}
