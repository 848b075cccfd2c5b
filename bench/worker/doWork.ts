import { measureFootprint } from "../footprint/measureFootprint.js";
import { computeImportanceMatrix } from "../stock/computeImportanceMatrix.js";
import { loadBenchAddon } from "../loadBenchAddon.js";
import { measureQuality } from "../quality/measureQuality.js";
import { measureSpeed } from "../speed/measureSpeed.js";
import { quantizeStock } from "../stock/quantizeStock.js";
import type { WorkRequest } from "./WorkRequest.js";

/** Does a piece of work in this process. */
export async function doWork(request: WorkRequest, onFraction: (fraction: number) => void): Promise<unknown> {
  const onProgress = (done: number, total: number): void => onFraction(done / total);
  switch (request.kind) {
    case "convert": {
      // Only here: what a footprint's process loads, it is measured with.
      const { createConvertCommand } = await import("../../converter/cli/createConvertCommand.js");
      await createConvertCommand().parseAsync([...request.arguments, "--quiet"], { from: "user" });
      return undefined;
    }
    case "imatrix":
      return computeImportanceMatrix(loadBenchAddon, { ...request.options, onProgress });
    case "quantize": {
      const { input, output, type, imatrix, threads } = request;
      const options = { threads, onProgress, ...(imatrix === undefined ? {} : { imatrix }) };
      return quantizeStock(loadBenchAddon, input, output, type, options);
    }
    case "quality":
      return measureQuality(loadBenchAddon, { ...request.options, onProgress });
    case "footprint":
      return measureFootprint(await loadBenchAddon({ gpu: usesGpu(request.options) }), request.options);
    case "speed":
      return measureSpeed(() => loadBenchAddon({ gpu: usesGpu(request.options) }), { ...request.options, onProgress });
  }
}

function usesGpu({ gpuLayers = 0 }: { gpuLayers?: number }): boolean {
  return gpuLayers > 0;
}
