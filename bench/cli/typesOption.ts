import { InvalidArgumentError, type Option } from "commander";
import { listOption } from "../../common/cli/options.js";

const FLAGS = "--types <names>";

/** The option that lists llama.cpp's quantization types, in capitals; `none` is the empty list. */
export function typesOption(initial: string): Option {
  const option = listOption(FLAGS, "stock types, or none", typeName, initial);
  const parse = option.parseArg;
  return option.argParser((text, before) => (text === "none" ? [] : parse?.(text, before)));
}

function typeName(text: string): string {
  if (!/^\w+$/.test(text)) throw new InvalidArgumentError("expected names such as Q4_K,Q6_K");
  return text.toUpperCase();
}
