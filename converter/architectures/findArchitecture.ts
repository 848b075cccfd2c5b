import { InvalidInputError } from "../../common/errors.js";
import { checkJson, describeJson, listOf, optional, text } from "../../common/json.js";
import { z } from "zod";
import type { Architecture } from "./Architecture.js";
import type { ConfigFile } from "./configKeys.js";
import { llama, mistral } from "./llama.js";
import { granite, ministral3, smolLm3 } from "./llamaVariants.js";
import { gptOss, qwen3Moe } from "./mixtures.js";
import { phi3 } from "./phi3.js";
import { gemma3, olmo2 } from "./postNorms.js";
import { qwen2, qwen3 } from "./qwen.js";
import { qwen35 } from "./qwen35.js";

/** config.json names an architecture without a reader. */
export class UnknownArchitectureError extends InvalidInputError {}

/** Every architecture with a reader. */
export const ARCHITECTURES: readonly Architecture[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  qwen3Moe,
  qwen35,
  gemma3,
  phi3,
  smolLm3,
  granite,
  olmo2,
  ministral3,
  gptOss
];

/** The models with a reader, in words: the one list that help and documents show. */
export const SUPPORTED_MODELS = ARCHITECTURES.map(({ title }) => title).join(", ");

/**
 * The architecture config.json names.
 *
 * @throws {InvalidInputError} it names none, an unknown one, or one that its `model_type` contradicts
 */
export function findArchitecture({ source, values }: ConfigFile): { architecture: Architecture; warnings: string[] } {
  const known = ARCHITECTURES.flatMap(({ huggingFaceNames }) => huggingFaceNames);
  const fix = `Architectures that can be converted: ${known.join(", ")}.`;
  const keys = z.object({
    architectures: optional(listOf(text)),
    model_type: optional(text),
    auto_map: optional(z.unknown())
  });
  const { architectures, model_type: type, auto_map: map } = checkJson(source, values, keys);

  const name = architectures?.[0];
  if (name === undefined) {
    throw new InvalidInputError(`${source} does not say which architecture the model has`, { fix });
  }
  const architecture = ARCHITECTURES.find(({ huggingFaceNames }) => huggingFaceNames.includes(name));
  if (architecture === undefined)
    throw new UnknownArchitectureError(`architecture "${name}" is not supported`, { fix });

  const warnings: string[] = [];
  if (type !== undefined && !architecture.modelTypes.includes(type)) {
    // transformers goes by the model type, so the two would compute differently.
    if (ARCHITECTURES.some(({ modelTypes }) => modelTypes.includes(type))) {
      throw new InvalidInputError(`${source} names the architecture ${name}, but the model_type "${type}"`, {
        fix: "Correct the one that is wrong."
      });
    }
    warnings.push(`the model_type ${describeJson(type)} in ${source} is unknown: the model is taken for a ${name}`);
  }
  if (typeof map === "object" && map !== null && Object.keys(map).some((key) => key.startsWith("AutoModel"))) {
    warnings.push(`${source} names code of the model's own (auto_map): it is converted as the ${name} of transformers`);
  }
  return { architecture, warnings };
}
