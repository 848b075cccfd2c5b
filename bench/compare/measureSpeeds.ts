import type { SpeedFigures } from "../speed/SpeedFigures.js";
import type { ComparisonContext } from "./ComparisonContext.js";
import { describeMachine } from "./describeMachine.js";
import type { UntimedModel } from "./UntimedModel.js";

/**
 * Times the models, which take turns.
 *
 * @returns the figures of each, in their order
 */
export async function measureSpeeds(
  { options: { prompt, generate, depth, repeat, threads, gpuLayers }, workshop, step }: ComparisonContext,
  models: readonly UntimedModel[]
): Promise<SpeedFigures[][]> {
  const hashes = models.map(({ sha256 }) => sha256);
  const files = models.map(({ file }) => file);
  const report = await workshop.measure(
    [hashes, prompt, generate, depth, repeat, threads, gpuLayers, describeMachine()],
    { kind: "speed", options: { models: files, prompt, generate, depth, repeat, threads, gpuLayers } },
    step("speed", "speed")
  );
  return report.models.map(({ figures }) => figures);
}
