/**
 * Where each row of a query or key projection comes from when Hugging Face's rotary order becomes llama.cpp's.
 *
 * Hugging Face rotates dimension i of a head together with i + half; llama.cpp's rope for the Llama family rotates
 * neighbours, so the two halves of each head are interleaved.
 *
 * @param rows rows of the projection, a multiple of `2 * heads`
 * @returns for each output row the source row
 */
export function rotaryRowOrder(rows: number, heads: number): Uint32Array {
  const headLength = rows / heads;
  const half = headLength / 2;
  return Uint32Array.from({ length: rows }, (_, row) => {
    const inHead = row % headLength;
    return row - inHead + (inHead % 2) * half + Math.floor(inHead / 2);
  });
}
