import type { GgufFile, GgufTensor } from "./readGgufFile.js";

/** One output channel as the file stores it, unpacked by the format's description alone. */
export interface UnpackedChannel {
  readonly bits: 4 | 8;
  /** Integers as stored: 0..15 or -127..127. */
  readonly q: number[];
  /** One a group of 128 inputs. */
  readonly scales: number[];
  /** One a group; 0 for 8-bit channels. */
  readonly zeros: number[];
  /** What each weight stands for, in double precision. */
  readonly values: number[];
}

/** Unpacks a mixed weight's components, independently of the code that packs them. */
export function unpackMixedWeight(file: GgufFile, name: string): UnpackedChannel[] {
  const component = (suffix: string): GgufTensor | undefined =>
    file.tensors.find((tensor) => tensor.name === `${name}.${suffix}`);
  const w4 = component("w4");
  const w8 = component("w8");
  const mask = component("mask");
  if (mask === undefined) throw new Error(`${name} has no mask`);
  const n = 8 * (mask.ne[0] ?? 0);
  const n4 = w4?.ne[1] ?? 0;
  const n8 = w8?.ne[1] ?? 0;
  const k = w4 === undefined ? (w8?.ne[0] ?? 0) : 2 * (w4.ne[0] ?? 0);
  const groups = Math.ceil(k / 128);
  const is8bit = Array.from({ length: n }, (_, channel) => (mask.data.readUInt8(channel >> 3) >> (channel & 7)) & 1);
  const rows = [0, 1].flatMap((wanted) => [...is8bit.keys()].filter((channel) => is8bit[channel] === wanted));
  if (is8bit.filter((set) => set).length !== n8) throw new Error(`${name}: mask does not have ${n8} channels`);
  if (n4 + n8 !== n) throw new Error(`${name}: ${n4} + ${n8} rows are not ${n}`);

  const channels: UnpackedChannel[] = new Array<UnpackedChannel>(n);
  for (const [row, channel] of rows.entries()) {
    const is4bit = row < n4;
    const scaleTensor = (is4bit ? component("w4_scale") : component("w8_scale")) as GgufTensor;
    const count = is4bit ? n4 : n8;
    const index = is4bit ? row : row - n4;
    const scales = Array.from({ length: groups }, (_, g) =>
      half(scaleTensor.data.readUInt16LE(2 * (g * count + index)))
    );
    const zeros = Array.from({ length: groups }, (_, g) => (is4bit ? zeroPoint(component("w4_zero"), g, index) : 0));
    const q = Array.from({ length: k }, (_, i) =>
      is4bit ? nibble(w4, index, i, k) : (w8?.data.readInt8(index * k + i) ?? 0)
    );
    const values = q.map((integer, i) => {
      const group = Math.floor(i / 128);
      return (integer - (zeros[group] ?? 0)) * (scales[group] ?? NaN);
    });
    channels[channel] = { bits: is4bit ? 4 : 8, q, scales, zeros, values };
  }
  return channels;
}

function nibble(w4: GgufTensor | undefined, row: number, input: number, k: number): number {
  const inBlock = input % 32;
  const byte = w4?.data.readUInt8((row * k) / 2 + Math.floor(input / 32) * 16 + (inBlock % 16)) ?? 0;
  return inBlock < 16 ? byte & 15 : byte >> 4;
}

function zeroPoint(zeros: GgufTensor | undefined, group: number, row: number): number {
  const pairs = zeros?.ne[0] ?? 0;
  const byte = zeros?.data.readUInt8(group * pairs + Math.floor(row / 2)) ?? 0;
  return row % 2 === 0 ? byte & 15 : byte >> 4;
}

/** The value of an IEEE half. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
