import { InvalidInputError } from "../../common/errors.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import type { Architecture } from "./Architecture.js";
import { llama } from "./llama.js";
import { mistral } from "./mistral.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";

const ARCHITECTURES: readonly Architecture[] = [llama, mistral, qwen2, qwen3];

/**
 * The architecture config.json names.
 *
 * @throws {InvalidInputError} it names none or an unknown one, or says that the weights are quantized already
 */
export function findArchitecture(config: JsonObject): Architecture {
  const known = ARCHITECTURES.flatMap(({ huggingFaceNames }) => huggingFaceNames);
  const fix = `Architectures that can be converted: ${known.join(", ")}.`;

  const names = config.optionalArray("architectures") ?? [];
  const name = names[0];
  if (typeof name !== "string") {
    throw new InvalidInputError(`${config.source} does not say which architecture the model has`, { fix });
  }
  const architecture = ARCHITECTURES.find(({ huggingFaceNames }) => huggingFaceNames.includes(name));
  if (architecture === undefined) throw new InvalidInputError(`architecture ${name} is not supported`, { fix });

  const quantization = config.optionalObject("quantization_config");
  if (quantization !== undefined) {
    const method = quantization.optionalString("quant_method") ?? "an unnamed method";
    throw new InvalidInputError(`the weights are already quantized (${method})`, {
      fix: "Start from the model's original F32, F16 or BF16 weights."
    });
  }
  return architecture;
}
