import type { ChannelShare } from "../charts/ChannelShare.js";
import type { MixLlmTensor } from "./MixLlmTensor.js";

/** How many 8-bit output channels each weight of the decoder's layers has, in the order of the file. */
export function channelShares(tensors: readonly MixLlmTensor[]): ChannelShare[] {
  return tensors.flatMap(({ layer, kind, outputChannels: channels, channels8bit }) =>
    layer === undefined || kind === undefined ? [] : [{ layer, kind, channels, channels8bit }]
  );
}
