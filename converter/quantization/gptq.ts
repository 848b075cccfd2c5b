import { CalibrationSession, type BeforePass } from "../calibration/CalibrationSession.js";
import { encodeTensorFile, readTensorFile } from "../checkpoint/tensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import { COMPONENT_SUFFIXES, type ComponentSuffix } from "../../common/format/mixllmFormat.js";
import type { LinearRequest } from "../MethodAddon.js";
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
      for (let section = 1; section < session.last; section++) yield* quantization.section(section);
    }
  };
}

/** Name of the work file with the packed weights of a section; blocks are counted from 0. */
const packedFile = (section: number): string => `quantized.${section - 1}.safetensors`;

/** Name of the work file with a value when all sections before its own are quantized. */
const streamFile = (value: number): string => `stream.${value}.f32`;

/** One quantization of a model, whichever of its sections an earlier run has left. */
class Quantization {
  readonly #session: CalibrationSession;
  readonly #weights: readonly MixedWeight[];
  readonly #context: ConversionContext;
  readonly #before: BeforePass = (section, detail) => {
    const { signal, progress } = this.#context;
    signal.throwIfAborted();
    progress(Math.max(0, section - 1) / (this.#session.last - 1), detail);
  };

  constructor(session: CalibrationSession, weights: readonly MixedWeight[], context: ConversionContext) {
    this.#session = session;
    this.#weights = weights;
    this.#context = context;
  }

  /** Gives a section's weights, quantized unless they are already. */
  async *section(section: number): AsyncGenerator<QuantizedWeight> {
    const { work } = this.#session;
    this.#before(section, `layer ${this.#session.nameOf(section)}`);
    if (!work.has(packedFile(section))) await this.#quantize(section);
    yield* this.#read(section);
  }

  /** Quantizes a section's linears and computes what later sections read of it. */
  async #quantize(section: number): Promise<void> {
    const { work, graph } = this.#session;
    const { inputs: inputNumbers = [], outputs: outputNumbers = [] } = graph.sections[section] ?? {};
    const inputs: Record<number, string> = {};
    for (const value of inputNumbers) inputs[value] = await this.#stream(value);
    const floatInputs = await this.#session.inputs(section, this.#before);
    const requests: (LinearRequest & { readonly name: string })[] = [];
    for (const weight of this.#own(section)) {
      const moment = await weight.moment?.();
      requests.push({
        name: weight.planned.target,
        is8bit: weight.is8bit,
        components: allocateComponents(weight),
        ...(moment === undefined ? {} : { moment })
      });
    }

    const call = await this.#session.section(section);
    const outputs = outputNumbers.map((value) => [value, work.start(streamFile(value))] as const);
    // The float model's values come with them, unless the search has computed them already.
    const floats = outputNumbers.map((value) => {
      const name = CalibrationSession.input(value);
      return [value, work.has(name) ? undefined : work.start(name), work.file(name)] as const;
    });
    const outcomes = await work.step(`quantizing layer ${this.#session.nameOf(section)}`, () =>
      this.#context.addon.quantizeSection(
        call,
        Object.fromEntries(requests.map(({ name, ...request }) => [name, request])),
        {
          inputs,
          outputs: Object.fromEntries(outputs.map(([value, { temporary }]) => [value, temporary])),
          floatInputs,
          floatOutputs: Object.fromEntries(floats.map(([value, made, path]) => [value, made?.temporary ?? path])),
          scratch: work.start("scratch").temporary
        }
      )
    );
    for (const [, file] of outputs) await work.finish(file);
    for (const [, file] of floats) if (file !== undefined) await work.finish(file);

    const arrays = requests.flatMap(({ name, components }) =>
      COMPONENT_SUFFIXES.map((suffix) => ({
        name: `${name}.${suffix}`,
        dtype: "U8" as const,
        data: components[suffix]
      }))
    );
    const metadata = Object.fromEntries(
      Object.entries(outcomes).map(([name, { damping, expertTokens = [] }]) => [
        name,
        [damping, ...expertTokens].join(" ")
      ])
    );
    await work.write(packedFile(section), encodeTensorFile(arrays, metadata));
    // What no later section reads is not needed any more.
    for (const value of inputNumbers) {
      if (this.#session.readers(value).some((reader) => reader > section)) continue;
      await work.remove(CalibrationSession.input(value));
      await work.remove(streamFile(value));
    }
  }

  /** The path of a value when all sections before its own are quantized, computed unless it is there. */
  async #stream(value: number): Promise<string> {
    const { work, graph } = this.#session;
    const maker = graph.values[value]?.madeBy ?? 0;
    // Nothing is quantized before the first block.
    if (maker === 0) return this.#session.input(value, this.#before);
    if (!work.has(streamFile(value))) await this.#quantize(maker);
    return work.file(streamFile(value));
  }

  async *#read(section: number): AsyncGenerator<QuantizedWeight> {
    const file = this.#session.work.file(packedFile(section));
    const { arrays, metadata } = await readTensorFile(
      file,
      "Run the same command again: it quantizes the layer again."
    );
    for (const weight of this.#own(section)) {
      const { target } = weight.planned;
      const [damping = NaN, ...expertTokens] = (metadata[target] ?? "").split(" ").map(Number);
      this.#warnOfDamping(target, damping);
      const components = Object.fromEntries(
        COMPONENT_SUFFIXES.map((suffix) => [suffix, arrays.get(`${target}.${suffix}`) ?? new Uint8Array(0)])
      ) as Record<ComponentSuffix, Uint8Array>;
      yield { weight, components, ...(expertTokens.length > 0 ? { expertTokens } : {}) };
    }
  }

  #warnOfDamping(target: string, damping: number): void {
    if (damping === 0) {
      this.#context.warn(`${target} was rounded to nearest: its Hessian is not positive definite at any damping`);
    } else if (damping > 2 * USUAL_DAMPING) {
      this.#context.warn(`${target} needed a damping of ${damping} instead of ${USUAL_DAMPING}`);
    }
  }

  #own(section: number): MixedWeight[] {
    const names = new Set(this.#session.graph.sections[section]?.weights);
    return this.#weights.filter(({ planned }) => names.has(planned.target));
  }
}
