import { stat } from "node:fs/promises";
import path from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { GgufModel } from "../ggufModel/GgufModel.js";
import { HuggingFaceModel } from "../huggingFace/HuggingFaceModel.js";
import type { OpenModelOptions, SourceModel } from "./SourceModel.js";

/**
 * Opens a model to convert.
 *
 * @param source a Hugging Face model directory, or the only or first file of an F16, BF16 or F32 GGUF
 * @throws {InvalidInputError} it does not hold a whole model of a supported architecture
 */
export async function openModel(source: string, options: OpenModelOptions): Promise<SourceModel> {
  const status = await stat(source).catch((error: unknown) => {
    throw readFailure(path.resolve(source), error, {
      ifMissing: "Give the folder of a downloaded model, the one that holds config.json, or an F16, BF16 or F32 GGUF."
    });
  });
  return status.isDirectory() ? HuggingFaceModel.open(source, options) : GgufModel.open(source, options);
}
