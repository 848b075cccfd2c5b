import { InvalidArgumentError } from "commander";

/** Larger weights do not exist, and would not fit in memory several times. */
const LARGEST = 2 ** 18;

/** A commander parser for the size of a weight, output channels x inputs: `14336x4096`. */
export function shapeOption(text: string): { outputs: number; inputs: number } {
  const [, outputs, inputs] = /^(\d{1,6})x(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  const fits = (size: number | undefined, multiple: number): size is number =>
    size !== undefined && size > 0 && size <= LARGEST && size % multiple === 0;
  if (!fits(outputs, 16) || !fits(inputs, 32)) {
    throw new InvalidArgumentError("expected output channels x inputs, multiples of 16 and of 32, such as 4096x4096");
  }
  return { outputs, inputs };
}
