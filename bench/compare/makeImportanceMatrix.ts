import type { ComparisonContext } from "./ComparisonContext.js";
import type { ReferenceModel } from "./ReferenceModel.js";

/**
 * Computes the importance matrix of the reference.
 *
 * @param text path of the calibration text
 * @returns path of the matrix
 */
export async function makeImportanceMatrix(
  { options: { calibrationChunks, threads }, workshop, sha256, step }: ComparisonContext,
  reference: ReferenceModel,
  text: string
): Promise<string> {
  return workshop.make(
    "imatrix",
    ["imatrix", reference.sha256, sha256.calibration, calibrationChunks],
    (output) => ({
      kind: "imatrix",
      options: { model: reference.file, text, output, threads, chunks: calibrationChunks }
    }),
    step("imatrix", "computing the importance matrix")
  );
}
