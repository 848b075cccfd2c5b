import { CalibrationSession } from "../calibration/CalibrationSession.js";
import { nativeStep } from "../calibration/nativeStep.js";
import { requireSession } from "../calibration/requireSession.js";
import { encodeTensorFile } from "../checkpoint/encodeTensorFile.js";
import { readTensorFile } from "../checkpoint/readTensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import { COMPONENT_SUFFIXES, type ComponentSuffix } from "../plan/mixedComponents.js";
import { allocateComponents } from "./allocateComponents.js";
import type { MixedWeight } from "./MixedWeight.js";
import type { QuantizationMethod } from "./QuantizationMethod.js";
import type { QuantizedWeight } from "./QuantizedWeight.js";

/** GPTQ's usual damping, as a share of the Hessian's mean diagonal; a weight that took more is worth a warning. */
const USUAL_DAMPING = 0.01;

/**
 * Quantizes layer by layer so that each layer's outputs on the calibration samples change least, every layer seeing
 * the activations that the quantized layers before it give.
 */
export const gptq: QuantizationMethod = {
  name: "gptq",

  async *quantize(weights, context) {
    const session = requireSession(context);
    const { layers, work } = session;
    for (let layer = 0; layer < layers; layer++) {
      context.signal.throwIfAborted();
      context.progress(layer / layers, `layer ${layer}`);
      const prefix = `blk.${layer}.`;
      const own = weights.filter(({ planned }) => planned.target.startsWith(prefix));
      if (!(await work.has(done(layer)))) {
        if (layer === 0) await nativeStep("embedding the calibration samples", session.embed());
        await quantizeLayer(layer, own, session, context);
      }
      yield* readLayer(own, session, layer, context);
      // The next layer's inputs are there, so nothing needs this one's any more.
      await work.remove(CalibrationSession.input(layer));
      await work.remove(stream(layer));
    }
  }
};

/** Name of the work file with a layer's packed weights. */
function done(layer: number): string {
  return `quantized.${layer}.safetensors`;
}

/** Name of the work file with a layer's input when all layers before it are quantized. */
function stream(layer: number): string {
  return layer === 0 ? CalibrationSession.input(0) : `stream.${layer}.f32`;
}

async function quantizeLayer(
  layer: number,
  weights: readonly MixedWeight[],
  session: CalibrationSession,
  { addon }: ConversionContext
): Promise<void> {
  const { work } = session;
  const prefix = `blk.${layer}.`;
  const requests = weights.map((weight) => ({
    name: weight.planned.target.slice(prefix.length),
    is8bit: weight.is8bit,
    components: allocateComponents(weight)
  }));
  const damping = await nativeStep(
    `quantizing layer ${layer}`,
    addon.quantizeLayer(
      await session.layer(layer),
      Object.fromEntries(requests.map(({ name, is8bit, components }) => [name, { is8bit, components }])),
      {
        input: work.file(stream(layer)),
        output: work.file(stream(layer + 1)),
        floatInput: work.file(CalibrationSession.input(layer)),
        floatOutput: work.file(CalibrationSession.input(layer + 1)),
        scratch: work.file("scratch")
      }
    )
  );
  const arrays = requests.flatMap(({ name, components }) =>
    COMPONENT_SUFFIXES.map((suffix) => ({ name: `${name}.${suffix}`, dtype: "U8" as const, data: components[suffix] }))
  );
  const metadata = Object.fromEntries(Object.entries(damping).map(([name, value]) => [name, String(value)]));
  await work.write(done(layer), encodeTensorFile(arrays, metadata));
}

async function* readLayer(
  weights: readonly MixedWeight[],
  { work }: CalibrationSession,
  layer: number,
  { warn }: ConversionContext
): AsyncGenerator<QuantizedWeight> {
  const { arrays, metadata } = await readTensorFile(work.file(done(layer)));
  for (const weight of weights) {
    const { target } = weight.planned;
    const name = target.slice(`blk.${layer}.`.length);
    const damping = Number(metadata[name]);
    if (damping === 0) {
      warn(`${target} was rounded to nearest: its Hessian is not positive definite at any damping`);
    } else if (damping > 2 * USUAL_DAMPING) {
      warn(`${target} needed a damping of ${damping} instead of ${USUAL_DAMPING}`);
    }
    const components = Object.fromEntries(
      COMPONENT_SUFFIXES.map((suffix) => [suffix, arrays.get(`${name}.${suffix}`) ?? new Uint8Array(0)])
    ) as Record<ComponentSuffix, Uint8Array>;
    yield { weight, components };
  }
}
