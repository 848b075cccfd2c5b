import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { assertCanWrite } from "../../common/files/destination.js";
import { withPartialFile } from "../../common/files/wholeFiles.js";
import type { BenchAddon } from "../BenchAddon.js";
import { assertGgufFile, readText } from "../inputs.js";
import { finishJob } from "../../common/nativeJob.js";

export interface ImportanceOptions {
  /** Path of a float GGUF. */
  model: string;
  /** Path of the calibration text, UTF-8. */
  text: string;
  /** Path of the matrix to write, a GGUF as llama.cpp's imatrix tool writes it. */
  output: string;
  /** Tokens a chunk; 512 unless given. */
  context?: number;
  /** How many chunks at most; the whole text unless given. */
  chunks?: number;
  /** All that the machine offers unless given. */
  threads?: number;
  force?: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Computes the importance matrix that stock quantization takes, by the protocol of llama.cpp's imatrix tool.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} a file that is missing or unusable, a text shorter than one chunk, an output that exists
 * @throws the reason of `signal` when it aborts
 */
export async function computeImportanceMatrix(
  loadAddon: () => Promise<BenchAddon>,
  options: ImportanceOptions
): Promise<void> {
  const { model, context = 512, chunks = 0, threads = availableParallelism() } = options;
  await assertGgufFile(model);
  const text = await readText(options.text);
  await assertCanWrite(options.output, { overwrite: options.force === true });
  await withPartialFile(options.output, async (output) => {
    const addon = await loadAddon();
    const dataset = basename(options.text);
    const job = addon.computeImportanceMatrix(
      { model, text, dataset, context, chunks, threads, output },
      options.onProgress
    );
    await finishJob(job, options.signal);
  });
}
