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

/** Unpacks a mixed weight's components, of a stack expert after expert, independently of the code that packs them. */
export function unpackMixedWeight(file: GgufFile, name: string): UnpackedChannel[] {
  const component = (suffix: string): GgufTensor | undefined =>
    file.tensors.find((tensor) => tensor.name === `${name}.${suffix}`);
  const [w4, w8, mask] = [component("w4"), component("w8"), component("mask")];
  if (mask === undefined) throw new Error(`${name} has no mask`);
  const [n, experts] = [8 * (mask.ne[0] ?? 0), mask.ne[1] ?? 1];
  const k = w4 === undefined ? (w8?.ne[0] ?? 0) : 2 * (w4.ne[0] ?? 0);
  const groups = Math.ceil(k / 128);
  const channels: UnpackedChannel[] = [];
  // Rows of each width of the experts so far.
  let [before4, before8] = [0, 0];
  for (let expert = 0; expert < experts; expert++) {
    const bytes = mask.data.subarray((expert * n) / 8, ((expert + 1) * n) / 8);
    const is8bit = Array.from({ length: n }, (_, channel) => (bytes.readUInt8(channel >> 3) >> (channel & 7)) & 1);
    const n8 = is8bit.reduce((sum, bit) => sum + bit, 0);
    const n4 = n - n8;
    let [next4, next8] = [0, 0];
    for (const bit of is8bit) {
      const is4bit = bit === 0;
      const row = is4bit ? next4++ : next8++;
      const [before, count] = is4bit ? [before4, n4] : [before8, n8];
      const scaleTensor = (is4bit ? component("w4_scale") : component("w8_scale")) as GgufTensor;
      const scales = Array.from({ length: groups }, (_, g) =>
        half(scaleTensor.data.readUInt16LE(2 * (groups * before + g * count + row)))
      );
      const zeros = Array.from({ length: groups }, (_, g) =>
        is4bit ? zeroPoint(component("w4_zero"), (groups * before) / 2 + (g * count) / 2, row) : 0
      );
      const q = Array.from({ length: k }, (_, i) =>
        is4bit ? nibble(w4, before + row, i, k) : (w8?.data.readInt8((before + row) * k + i) ?? 0)
      );
      const values = q.map((integer, i) => {
        const group = Math.floor(i / 128);
        return (integer - (zeros[group] ?? 0)) * (scales[group] ?? NaN);
      });
      channels.push({ bits: is4bit ? 4 : 8, q, scales, zeros, values });
    }
    before4 += n4;
    before8 += n8;
  }
  if (before4 !== (w4?.ne[1] ?? 0) || before8 !== (w8?.ne[1] ?? 0))
    throw new Error(`${name}: the mask has ${before4} and ${before8} rows, the weights others`);
  return channels;
}

function nibble(w4: GgufTensor | undefined, row: number, input: number, k: number): number {
  const inBlock = input % 32;
  const byte = w4?.data.readUInt8((row * k) / 2 + Math.floor(input / 32) * 16 + (inBlock % 16)) ?? 0;
  return inBlock < 16 ? byte & 15 : byte >> 4;
}

function zeroPoint(zeros: GgufTensor | undefined, begin: number, row: number): number {
  const byte = zeros?.data.readUInt8(begin + Math.floor(row / 2)) ?? 0;
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
