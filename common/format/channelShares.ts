import type { ChannelShare, ExpertShares } from "../charts/ChannelShare.js";
import type { MixLlmTensor } from "./MixLlmTensor.js";

/** How many 8-bit output channels each weight of the decoder's layers has, in the order of the file. */
export function channelShares(tensors: readonly MixLlmTensor[]): ChannelShare[] {
  return tensors.flatMap(({ layer, kind, outputChannels: channels, channels8bit }) =>
    layer === undefined || kind === undefined ? [] : [{ layer, kind, channels, channels8bit }]
  );
}

/** How many 8-bit output channels each expert has, by kind of stack; none for a model without experts. */
export function expertShares(tensors: readonly MixLlmTensor[]): ExpertShares[] {
  const kinds = new Map<string, ChannelShare[]>();
  for (const { layer, kind, outputChannels, experts } of tensors) {
    if (layer === undefined || kind === undefined || experts === undefined) continue;
    const shares = experts.map((channels8bit, expert) => ({
      layer,
      kind,
      expert,
      channels: outputChannels / experts.length,
      channels8bit
    }));
    kinds.set(kind, [...(kinds.get(kind) ?? []), ...shares]);
  }
  return [...kinds].map(([kind, shares]) => ({ kind, shares }));
}
