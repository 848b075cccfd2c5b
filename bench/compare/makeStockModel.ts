import type { ComparisonContext } from "./ComparisonContext.js";
import type { MadeModel } from "./MadeModel.js";
import type { ReferenceModel } from "./ReferenceModel.js";

/**
 * Quantizes the reference with llama.cpp's quantizer.
 *
 * @param type llama.cpp's name of the type
 * @param imatrix path of an importance matrix, if there is one
 */
export async function makeStockModel(
  { options: { threads }, workshop, step }: ComparisonContext,
  type: string,
  reference: ReferenceModel,
  imatrix: string | undefined
): Promise<MadeModel> {
  const matrix = imatrix === undefined ? {} : { imatrix };
  const file = await workshop.make(
    type,
    ["quantize", reference.sha256, type, imatrix === undefined ? "none" : await workshop.hashes.of(imatrix)],
    (output) => ({ kind: "quantize", input: reference.file, output, type, threads, ...matrix }),
    step("stock", `quantizing to ${type}`)
  );
  const by = imatrix === undefined ? "" : `, importance matrix ${imatrix}`;
  return { file, origin: `llama.cpp's quantizer, ${reference.file} to ${type}${by}` };
}
