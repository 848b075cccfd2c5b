/**
 * Checks that a `rows` tensor is a permutation of its indices, ascending within its 4-bit and its 8-bit part: kernels
 * scatter by it.
 *
 * @param rows output channel of each stored row
 * @param channels4 how many rows, from the first, are 4-bit
 * @returns what is wrong; `undefined` when nothing is
 */
export function checkRows(rows: Int32Array, channels4: number): string | undefined {
  const seen = new Uint8Array(rows.length);
  for (const [index, row] of rows.entries()) {
    if (row < 0 || row >= rows.length) return `entry ${index} is ${row}, outside 0..${rows.length - 1}`;
    if (seen[row] === 1) return `entry ${index} is ${row} for the second time`;
    seen[row] = 1;
    const previous = rows[index - 1];
    if (previous !== undefined && index !== channels4 && row < previous)
      return `entry ${index} is ${row}, below the one before it`;
  }
  return undefined;
}
