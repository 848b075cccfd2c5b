import { CalibrationSession, type BeforePass } from "../calibration/CalibrationSession.js";
import { encodeTensorFile, readTensorFile } from "../checkpoint/tensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import { COMPONENT_SUFFIXES, type ComponentSuffix } from "../../common/format/mixllmFormat.js";
import {
  allocateComponents,
  type MixedWeight,
  type QuantizationMethod,
  type QuantizedWeight
} from "./QuantizationMethod.js";

/** GPTQ's usual damping, as a share of the Hessian's mean diagonal; a weight that took more is worth a warning. */
const USUAL_DAMPING = 0.01;

/**
 * Quantizes layer by layer so that each layer's outputs on the calibration samples change least, every layer seeing
 * the activations that the quantized layers before it give.
 */
export function gptq(session: CalibrationSession): QuantizationMethod {
  return {
    name: "gptq",

    async *quantize(weights, context) {
      const quantization = new Quantization(session, weights, context);
      for (let layer = 0; layer < session.layers; layer++) yield* quantization.layer(layer);
    }
  };
}

/** Name of the work file with a layer's packed weights. */
const packedFile = (layer: number): string => `quantized.${layer}.safetensors`;

/** Name of the work file with a layer's input when all layers before it are quantized. */
const streamFile = (layer: number): string => (layer === 0 ? CalibrationSession.input(0) : `stream.${layer}.f32`);

/** One quantization of a model, whichever of its layers an earlier run has left. */
class Quantization {
  readonly #session: CalibrationSession;
  readonly #weights: readonly MixedWeight[];
  readonly #context: ConversionContext;
  readonly #before: BeforePass = (layer, detail) => {
    const { signal, progress } = this.#context;
    signal.throwIfAborted();
    progress(layer / this.#session.layers, detail);
  };

  constructor(session: CalibrationSession, weights: readonly MixedWeight[], context: ConversionContext) {
    this.#session = session;
    this.#weights = weights;
    this.#context = context;
  }

  /** Gives a layer's weights, quantized unless they are already. */
  async *layer(layer: number): AsyncGenerator<QuantizedWeight> {
    const { work } = this.#session;
    this.#before(layer, `layer ${layer}`);
    if (!work.has(packedFile(layer))) await this.#quantize(layer);
    yield* this.#read(layer);
  }

  /** Quantizes a layer and computes the next one's inputs. */
  async #quantize(layer: number): Promise<void> {
    const { work } = this.#session;
    const input = await this.#stream(layer);
    const floatInput = await this.#session.input(layer, this.#before);
    const requests = this.#own(layer).map((weight) => ({
      name: inLayer(weight),
      is8bit: weight.is8bit,
      components: allocateComponents(weight)
    }));

    const call = await this.#session.layer(layer);
    const output = work.start(streamFile(layer + 1));
    // The float model's next input comes with it, unless the search has computed it already.
    const floatOutputName = CalibrationSession.input(layer + 1);
    const hasFloatOutput = work.has(floatOutputName);
    const floatOutput = work.start(floatOutputName);
    const damping = await work.step(`quantizing layer ${layer}`, () =>
      this.#context.addon.quantizeLayer(
        call,
        Object.fromEntries(requests.map(({ name, is8bit, components }) => [name, { is8bit, components }])),
        {
          input,
          output: output.temporary,
          floatInput,
          floatOutput: hasFloatOutput ? work.file(floatOutputName) : floatOutput.temporary,
          scratch: work.start("scratch").temporary
        }
      )
    );
    await work.finish(output);
    if (!hasFloatOutput) await work.finish(floatOutput);

    const arrays = requests.flatMap(({ name, components }) =>
      COMPONENT_SUFFIXES.map((suffix) => ({
        name: `${name}.${suffix}`,
        dtype: "U8" as const,
        data: components[suffix]
      }))
    );
    const metadata = Object.fromEntries(Object.entries(damping).map(([name, value]) => [name, String(value)]));
    await work.write(packedFile(layer), encodeTensorFile(arrays, metadata));
    // The next layer's inputs are there, so nothing needs this one's any more.
    await work.remove(CalibrationSession.input(layer));
    await work.remove(streamFile(layer));
  }

  /** The path of a layer's input when all layers before it are quantized, computed unless it is there. */
  async #stream(layer: number): Promise<string> {
    const { work } = this.#session;
    if (layer === 0) return this.#session.input(0, this.#before);
    if (!work.has(streamFile(layer))) await this.#quantize(layer - 1);
    return work.file(streamFile(layer));
  }

  async *#read(layer: number): AsyncGenerator<QuantizedWeight> {
    const file = this.#session.work.file(packedFile(layer));
    const { arrays, metadata } = await readTensorFile(
      file,
      "Run the same command again: it quantizes the layer again."
    );
    for (const weight of this.#own(layer)) {
      const name = inLayer(weight);
      this.#warnOfDamping(weight.planned.target, Number(metadata[name]));
      const components = Object.fromEntries(
        COMPONENT_SUFFIXES.map((suffix) => [suffix, arrays.get(`${name}.${suffix}`) ?? new Uint8Array(0)])
      ) as Record<ComponentSuffix, Uint8Array>;
      yield { weight, components };
    }
  }

  #warnOfDamping(target: string, damping: number): void {
    if (damping === 0) {
      this.#context.warn(`${target} was rounded to nearest: its Hessian is not positive definite at any damping`);
    } else if (damping > 2 * USUAL_DAMPING) {
      this.#context.warn(`${target} needed a damping of ${damping} instead of ${USUAL_DAMPING}`);
    }
  }

  #own(layer: number): MixedWeight[] {
    return this.#weights.filter(({ planned }) => planned.target.startsWith(`blk.${layer}.`));
  }
}

/** A weight's name without its layer's prefix. */
function inLayer({ planned }: MixedWeight): string {
  return planned.target.replace(/^blk\.\d+\./, "");
}
