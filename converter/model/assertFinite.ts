import { InvalidInputError } from "../../common/errors.js";
import type { ModelTensor } from "./ModelTensor.js";

/**
 * @param position row-major position of the first NaN or infinity in the tensor, -1 for none
 * @throws {InvalidInputError} there is one
 */
export function assertFinite({ spec, stored, columns }: ModelTensor, position: number): void {
  if (position < 0) return;
  const row = Math.floor(position / columns);
  const column = position % columns;
  const order = spec.rotaryHeads === undefined ? "" : ", counted in llama.cpp's rotary order";
  throw new InvalidInputError(`tensor "${stored.name}" holds NaN or infinity at [${row}, ${column}]${order}`, {
    fix: "The checkpoint is damaged or its training diverged: use another one."
  });
}
