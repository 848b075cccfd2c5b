import { packMask } from "../../common/format/mixllmFormat.js";
import { encodeGguf, type GgufPair, type GgufTensorToEncode } from "./encodeGguf.js";

const F32 = 0;
const F16 = 1;
const I8 = 24;

/** Metadata of a sound MixLLM file. */
export const MIXLLM_PAIRS: readonly GgufPair[] = [
  ["general.architecture", "str", "llama"],
  ["general.name", "str", "Test"],
  ["mixllm.version", "u32", 2],
  ["mixllm.group_size", "u32", 128],
  ["mixllm.bits_per_weight", "f32", 5.478],
  ["mixllm.percent_8bit", "f32", 33.333],
  ["mixllm.method", "str", "rtn"],
  ["mixllm.search", "str", "weight_error"],
  ["mixllm.calibration", "str", "self, 8 x 512"],
  ["mixllm.source", "str", "sha256:0 mixllm 0.1.0"],
  ["mixllm.command", "str", "mixllm-convert --method rtn"]
];

/** Component tensors of a sound MixLLM weight with `inputs` inputs; the 8-bit channels are the last ones. */
export function mixLlmWeight(name: string, inputs: number, channels4: number, channels8: number): GgufTensorToEncode[] {
  return encodeWeight(name, inputs, channels4 + channels8, [channels8]);
}

/** Component tensors of a sound stack of experts, each with its own number of 8-bit channels, which are its last ones. */
export function mixLlmExperts(
  name: string,
  inputs: number,
  channels: number,
  channels8bit: readonly number[]
): GgufTensorToEncode[] {
  return encodeWeight(name, inputs, channels, channels8bit);
}

function encodeWeight(
  name: string,
  inputs: number,
  channels: number,
  experts: readonly number[]
): GgufTensorToEncode[] {
  const channels8 = experts.reduce((sum, count) => sum + count, 0);
  const channels4 = channels * experts.length - channels8;
  const groups = Math.ceil(inputs / 128);
  const perGroup = (size: number) => (experts.length > 1 ? [groups * size] : [size, groups]);
  const is8bit = experts.flatMap((count) => Array.from({ length: channels }, (_, index) => index >= channels - count));
  const maskShape = experts.length > 1 ? [channels / 8, experts.length] : [channels / 8];
  const tensor = (part: string, type: number, bytes: number, dimensions: number[]) => ({
    name: `${name}.${part}`,
    type,
    dimensions,
    data: new Uint8Array(dimensions.reduce((product, extent) => product * extent, bytes))
  });
  return [
    ...(channels4 === 0
      ? []
      : [
          tensor("w4", I8, 1, [inputs / 2, channels4]),
          tensor("w4_scale", F16, 2, perGroup(channels4)),
          tensor("w4_zero", I8, 1, perGroup(channels4 / 2))
        ]),
    ...(channels8 === 0
      ? []
      : [tensor("w8", I8, 1, [inputs, channels8]), tensor("w8_scale", F16, 2, perGroup(channels8))]),
    { ...tensor("mask", I8, 1, maskShape), data: packMask(is8bit) }
  ];
}

/** Tensors of a sound MixLLM file: one mixed weight, one all 4-bit, one all 8-bit, and a norm. */
export function mixLlmTensors(): GgufTensorToEncode[] {
  return [
    { name: "blk.0.attn_norm.weight", type: F32, dimensions: [160], data: new Uint8Array(640) },
    ...mixLlmWeight("blk.0.attn_q.weight", 160, 32, 16),
    ...mixLlmWeight("blk.0.attn_k.weight", 160, 32, 0),
    ...mixLlmWeight("blk.1.attn_q.weight", 160, 0, 16)
  ];
}

/** Bytes of a sound MixLLM file. */
export function encodeMixLlmFile(): Buffer {
  return encodeGguf(MIXLLM_PAIRS, mixLlmTensors());
}
