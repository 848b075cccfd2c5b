/** `blk.12.ffn_down.weight` is of kind `ffn_down` in layer 12; undefined for a weight outside the decoder's layers. */
export function layerAndKind(name: string): { layer: number; kind: string } | undefined {
  const match = /^blk\.(\d{1,9})\.(.+?)(?:\.weight)?$/.exec(name);
  return match === null ? undefined : { layer: Number(match[1]), kind: match[2]! };
}
