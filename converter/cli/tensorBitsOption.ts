import { InvalidArgumentError } from "commander";
import type { TensorOverride } from "../plan/TensorOverride.js";

/** A commander parser for what weights of some names get, added to what was given before: `ffn_down=8`. */
export function tensorBitsOption(text: string, before: readonly TensorOverride[]): TensorOverride[] {
  const match = /^(.+)=(4|8|f16)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected a pattern and 4, 8 or f16, such as ffn_down=8");
  try {
    return [...before, { pattern: new RegExp(match[1] as string), treatment: match[2] as TensorOverride["treatment"] }];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
