import { InvalidInputError } from "../../common/errors.js";
import type { BeforePass, CalibrationSession } from "../calibration/CalibrationSession.js";
import { readTensorFile } from "../checkpoint/tensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { ScoredWeight } from "../plan/chooseChannels.js";
import type { ChannelSearch } from "./ChannelSearch.js";
import {
  decodeSalience,
  encodeSalience,
  loadSalience,
  saveSalience,
  type Salience,
  type SalienceOrigin
} from "./salienceFile.js";

/** The measures that output channels can be ranked by: the loss's Taylor expansion (the paper's), or Fisher information. */
export const RANKINGS = ["taylor", "fisher"] as const;

export type Ranking = (typeof RANKINGS)[number];

/**
 * The paper's search: ranks output channels by the change of the model's loss when one alone is quantized to 4 bits.
 *
 * One forward and one backward pass over the calibration samples, a decoder layer at a time.
 *
 * @param ranking which of the two measures decides
 * @param file where the salience is kept for later conversions, and taken from if it is there
 */
export function globalSearch(session: CalibrationSession, ranking: Ranking, file: string | undefined): ChannelSearch {
  return {
    name: "global",

    async score(weights, context) {
      const origin: SalienceOrigin = { source: session.source, calibration: session.description };
      const saved = file === undefined ? undefined : await loadSalience(file, origin);
      const salience = saved ?? (await new Search(session, context).run());
      if (file !== undefined && saved === undefined) await saveSalience(file, salience, origin);
      return weights.map((weight) => scores(weight, salience, ranking, file));
    }
  };
}

function scores(
  { target, tensor }: PlannedMixedWeight,
  salience: Salience,
  ranking: Ranking,
  file: string | undefined
): ScoredWeight {
  const linear = salience.get(target);
  if (linear === undefined || linear.taylor.length !== tensor.rows || linear.fisher.length !== tensor.rows) {
    throw new InvalidInputError(
      `${file ?? "the search"} has no salience for the ${tensor.rows} channels of ${target}`,
      {
        fix: "Delete the file to search again."
      }
    );
  }
  // Fisher salience is of a squared error, so dividing by the row's length ranks by gain per byte.
  const score = ranking === "taylor" ? linear.taylor : linear.fisher.map((value) => value / tensor.columns);
  return { target, scores: Float64Array.from(score) };
}

/** Name of the work file with a layer's salience. */
const salienceFile = (layer: number): string => `salience.${layer}.safetensors`;

/** Name of the work file with the loss gradient at a layer's input; that after the last layer is at the model's output. */
const gradientFile = (layer: number): string => `gradient.${layer}.f32`;

/** One search, whichever of its steps an earlier run has left. */
class Search {
  readonly #session: CalibrationSession;
  readonly #context: ConversionContext;
  /** A backward pass costs about three forward passes. */
  readonly #beforeForward: BeforePass = (layer, detail) => this.#before(layer, detail);
  readonly #beforeBackward: BeforePass = (layer, detail) => {
    const { layers } = this.#session;
    this.#before(layers + 3 * (layers - 1 - layer), detail);
  };

  constructor(session: CalibrationSession, context: ConversionContext) {
    this.#session = session;
    this.#context = context;
  }

  async run(): Promise<Salience> {
    const { work, layers } = this.#session;
    for (let layer = layers - 1; layer >= 0; layer--) {
      if (!work.has(salienceFile(layer))) await this.#backward(layer);
    }
    for (let layer = 0; layer <= layers; layer++) await work.remove(gradientFile(layer));

    const all = [];
    for (let layer = 0; layer < layers; layer++) {
      const file = work.file(salienceFile(layer));
      all.push(...decodeSalience((await readTensorFile(file, "Run the same command again.")).arrays));
    }
    return new Map(all);
  }

  /** Takes the loss gradient back through a layer and measures its channels' salience. */
  async #backward(layer: number): Promise<void> {
    const { work } = this.#session;
    const input = await this.#session.input(layer, this.#beforeForward);
    const outputGradient = await this.#gradient(layer + 1);
    const detail = `the backward pass of layer ${layer}`;
    this.#beforeBackward(layer, detail);
    const call = await this.#session.layer(layer);
    const inputGradient = work.start(gradientFile(layer));
    const found = await work.step(detail, () =>
      this.#context.addon.backwardLayer(call, input, outputGradient, inputGradient.temporary)
    );
    await work.finish(inputGradient);
    const named = Object.entries(found).map(([name, value]) => [`blk.${layer}.${name}`, value] as const);
    await work.write(salienceFile(layer), encodeSalience(new Map(named)));
    await work.remove(gradientFile(layer + 1));
  }

  /** The path of the loss gradient at a layer's input, computed unless it is there. */
  async #gradient(layer: number): Promise<string> {
    const { work, layers } = this.#session;
    const name = gradientFile(layer);
    if (work.has(name)) return work.file(name);
    if (layer < layers) await this.#backward(layer);
    else {
      const output = await this.#session.input(layers, this.#beforeForward);
      const detail = "the loss at the output head";
      this.#before(layers, detail);
      const gradient = work.start(name);
      await work.step(detail, () => this.#session.loss(output, gradient.temporary));
      await work.finish(gradient);
    }
    return work.file(name);
  }

  #before(finished: number, detail: string): void {
    const { signal, progress } = this.#context;
    signal.throwIfAborted();
    progress(finished / (4 * this.#session.layers), detail);
  }
}
