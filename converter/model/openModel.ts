import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readFailure } from "../../common/files/fileErrors.js";
import { UnknownArchitectureError } from "../architectures/findArchitecture.js";
import { GgufModel } from "../ggufModel/GgufModel.js";
import { HuggingFaceModel } from "../huggingFace/HuggingFaceModel.js";
import { convertWithStockConverter, type StockConversion } from "../huggingFace/stockConverter.js";
import type { OpenModelOptions, SourceModel } from "./SourceModel.js";

/**
 * Opens a model to convert.
 *
 * A directory of an architecture without a reader is first converted by llama.cpp's own converter, where Python and its
 * packages are there; the GGUF made so lasts until the model is closed.
 *
 * @param source a Hugging Face model directory, or the only or first file of an F16, BF16 or F32 GGUF
 * @param scratch a folder with room for such a GGUF
 * @throws {InvalidInputError} it does not hold a whole model of a supported architecture
 */
export async function openModel(source: string, options: OpenModelOptions, scratch = tmpdir()): Promise<SourceModel> {
  const status = await stat(source).catch((error: unknown) => {
    throw readFailure(path.resolve(source), error, {
      ifMissing: "Give the folder of a downloaded model, the one that holds config.json, or an F16, BF16 or F32 GGUF."
    });
  });
  if (!status.isDirectory()) return GgufModel.open(source, options);
  try {
    return await HuggingFaceModel.open(source, options);
  } catch (error) {
    if (!(error instanceof UnknownArchitectureError)) throw error;
    const converted = await convertWithStockConverter(source, error, scratch);
    options.warn(`${error.message} here: llama.cpp's own converter made a GGUF of it`);
    return openConverted(converted, options);
  }
}

async function openConverted({ file, remove }: StockConversion, options: OpenModelOptions): Promise<SourceModel> {
  try {
    const model = await GgufModel.open(file, options);
    const close = async (): Promise<void> => {
      await model.weights.close();
      await remove();
    };
    return Object.assign(model, { close });
  } catch (error) {
    await remove();
    throw error;
  }
}
