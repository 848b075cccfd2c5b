import type { SourceType } from "./SourceModel.js";

/** Values of a tensor as they are read, and on their way to what the output has. */
export interface TensorValues {
  readonly data: Uint8Array;
  readonly type: SourceType;
  /** Slowest dimension first. */
  readonly shape: readonly number[];
}

/** One step from a stored tensor to its target. */
export interface TensorTransform {
  /** The format the step gives, where it is not the one it is given. */
  readonly type?: "F32";
  apply(values: TensorValues): TensorValues;
}

const VALUE_BYTES: Readonly<Record<SourceType, number>> = { F32: 4, F16: 2, BF16: 2, MXFP4: 17 / 32 };

/**
 * Gathers slices of the first dimension.
 *
 * @param order for each slice of the result the one it comes from
 */
export function takeRows(order: (rows: number) => Uint32Array): TensorTransform {
  return {
    apply({ data, type, shape: [rows = 0, ...rest] }) {
      const from = order(rows);
      return { data: gather(data, from, data.length / rows), type, shape: [from.length, ...rest] };
    }
  };
}

/**
 * Gathers values of the last dimension.
 *
 * @param order for each value of a row of the result the one it comes from
 */
export function takeColumns(order: (columns: number) => Uint32Array): TensorTransform {
  return {
    apply({ data, type, shape }) {
      const columns = shape.at(-1) ?? 0;
      const rowBytes = columns * VALUE_BYTES[type];
      const from = order(columns);
      const parts = Array.from({ length: data.length / rowBytes }, (_, row) =>
        gather(data.subarray(row * rowBytes, (row + 1) * rowBytes), from, VALUE_BYTES[type])
      );
      return { data: Buffer.concat(parts), type, shape: [...shape.slice(0, -1), from.length] };
    }
  };
}

/** Exchanges the last two dimensions. */
export const transpose: TensorTransform = {
  apply({ data, type, shape }) {
    const [rows = 0, columns = 0] = shape.slice(-2);
    const bytes = VALUE_BYTES[type];
    const order = Uint32Array.from({ length: rows * columns }, (_, i) => (i % rows) * columns + Math.floor(i / rows));
    const matrixBytes = rows * columns * bytes;
    const parts = Array.from({ length: data.length / matrixBytes }, (_, i) =>
      gather(data.subarray(i * matrixBytes, (i + 1) * matrixBytes), order, bytes)
    );
    return { data: Buffer.concat(parts), type, shape: [...shape.slice(0, -2), columns, rows] };
  }
};

/** Applies a step to each slice of the first dimension, as to each expert of a stack. */
export function each(step: TensorTransform): TensorTransform {
  return {
    ...step,
    apply({ data, type, shape: [count = 0, ...rest] }) {
      const bytes = data.length / count;
      const parts = Array.from({ length: count }, (_, i) =>
        step.apply({ data: data.subarray(i * bytes, (i + 1) * bytes), type, shape: rest })
      );
      const [first] = parts;
      return {
        data: Buffer.concat(parts.map((part) => part.data)),
        type: first?.type ?? type,
        shape: [count, ...(first?.shape ?? rest)]
      };
    }
  };
}

/** Gives the values another shape without moving any. */
export function reshape(shape: readonly number[]): TensorTransform {
  return { apply: (values) => ({ ...values, shape }) };
}

/** Computes each value anew, in float32. */
export function map(compute: (value: number) => number): TensorTransform {
  return {
    type: "F32",
    apply({ data, type, shape }) {
      const values = toFloat32(data, type).map(compute);
      return { data: new Uint8Array(values.buffer), type: "F32", shape };
    }
  };
}

/** Bytes of a block's scale, and of its 32 values of 4 bits. */
const MXFP4_SCALE_BYTES = 1;
const MXFP4_VALUE_BYTES = 16;

/**
 * Puts MXFP4 as Hugging Face has it, all blocks of values and behind them all scales, into ggml's blocks: a scale each,
 * then 16 bytes of which the low halves are the first 16 values. Hugging Face has two neighbours in a byte.
 */
export const mxfp4Blocks: TensorTransform = {
  apply({ data, type, shape }) {
    const blocks = data.length / (MXFP4_SCALE_BYTES + MXFP4_VALUE_BYTES);
    const result = new Uint8Array(data.length);
    for (let block = 0; block < blocks; block++) {
      const from = block * MXFP4_VALUE_BYTES;
      const to = block * (MXFP4_SCALE_BYTES + MXFP4_VALUE_BYTES);
      result[to] = data[blocks * MXFP4_VALUE_BYTES + block] ?? 0;
      for (let i = 0; i < MXFP4_VALUE_BYTES / 2; i++) {
        // Values 2i and 2i + 1, and those 16 further on.
        const [first = 0, second = 0] = [data[from + i], data[from + MXFP4_VALUE_BYTES / 2 + i]];
        result[to + 1 + 2 * i] = (first & 15) | ((second & 15) << 4);
        result[to + 2 + 2 * i] = (first >> 4) | (second & 0xf0);
      }
    }
    return { data: result, type, shape };
  }
};

function gather(data: Uint8Array, from: Uint32Array, bytes: number): Uint8Array {
  const gathered = new Uint8Array(from.length * bytes);
  for (const [to, index] of from.entries()) gathered.set(data.subarray(index * bytes, (index + 1) * bytes), to * bytes);
  return gathered;
}

function toFloat32(data: Uint8Array, type: SourceType): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const count = data.length / VALUE_BYTES[type];
  switch (type) {
    case "F32":
      return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
    case "BF16":
      return new Float32Array(Uint32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true) << 16).buffer);
    case "MXFP4":
      throw new Error("values of MXFP4 are not computed with");
    case "F16":
      return Float32Array.from({ length: count }, (_, i) => halfToNumber(view.getUint16(2 * i, true)));
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
