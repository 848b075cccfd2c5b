import { JsonObject } from "../huggingFace/JsonObject.js";

/** What a tokenizer does to text before splitting it, as far as GGUF has keys for it. */
export interface NormalizerFlags {
  readonly lowercase: boolean | undefined;
  readonly stripAccents: boolean | undefined;
}

/** @param normalizer `normalizer` of tokenizer.json */
export function readNormalizerFlags(normalizer: JsonObject | undefined): NormalizerFlags {
  switch (normalizer?.get("type")) {
    case "Lowercase":
      return { lowercase: true, stripAccents: undefined };
    case "StripAccents":
      return { lowercase: undefined, stripAccents: true };
    case "Sequence": {
      const steps = (normalizer?.optionalArray("normalizers") ?? []).map((step) =>
        readNormalizerFlags(new JsonObject("a normalizer", step))
      );
      return {
        lowercase: steps.map(({ lowercase }) => lowercase).findLast((flag) => flag !== undefined),
        stripAccents: steps.map(({ stripAccents }) => stripAccents).findLast((flag) => flag !== undefined)
      };
    }
    default:
      return { lowercase: undefined, stripAccents: undefined };
  }
}
