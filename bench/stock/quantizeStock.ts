import { availableParallelism } from "node:os";
import { assertCanWrite } from "../../common/files/destination.js";
import { withPartialFile } from "../../common/files/wholeFiles.js";
import type { BenchAddon } from "../BenchAddon.js";
import { assertGgufFile } from "../inputs.js";
import { finishJob } from "../../common/nativeJob.js";

export interface QuantizeStockOptions {
  /** Path of an importance matrix in GGUF form. */
  imatrix?: string;
  /** All that the machine offers unless given. */
  threads?: number;
  /** Replaces an existing output. */
  force?: boolean;
  /** Tensors done, tensors in all. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Quantizes a float GGUF with llama.cpp's own quantizer, from the same build that measures it.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @param type llama.cpp's name of the type, such as `Q4_K_M`
 * @throws {InvalidInputError} unknown type, input that is not an F32, F16 or BF16 GGUF, matrix that does not fit, output
 *   that exists
 */
export async function quantizeStock(
  loadAddon: () => Promise<BenchAddon>,
  input: string,
  output: string,
  type: string,
  { imatrix, threads = availableParallelism(), force = false, onProgress }: QuantizeStockOptions = {}
): Promise<void> {
  await assertGgufFile(input);
  if (imatrix !== undefined) await assertGgufFile(imatrix);
  await assertCanWrite(output, { overwrite: force });
  await withPartialFile(output, async (temporary) => {
    const addon = await loadAddon();
    const options = { input, output: temporary, type, threads, ...(imatrix === undefined ? {} : { imatrix }) };
    await finishJob(addon.quantizeStock(options, onProgress));
  });
}
