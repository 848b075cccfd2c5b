import { InvalidInputError } from "../../common/errors.js";
import type { BeforePass, CalibrationSession, SampleShare } from "../calibration/CalibrationSession.js";
import type { Sought } from "../calibration/estimateWork.js";
import type { ConversionContext } from "../ConversionContext.js";
import { momentBytes } from "../calibration/outputMoment.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { ChannelSearch, MeasuredWeight } from "./ChannelSearch.js";
import {
  encodeSalience,
  loadSalience,
  readSalience,
  saveSalience,
  type SalienceFile,
  type SalienceOrigin
} from "./salienceFile.js";

/** The measures that output channels can be ranked by: Fisher information, or the loss's Taylor expansion (the paper's). */
export const RANKINGS = ["fisher", "taylor"] as const;

export type Ranking = (typeof RANKINGS)[number];

/** How the channels that the salience ranks are chosen: over the whole model, or the same share of every weight. */
export type SearchScope = "global" | "per_layer";

/**
 * The paper's search: ranks output channels by the change of the model's loss when one alone is quantized to 4 bits.
 *
 * One forward and one backward pass over the calibration samples, a decoder layer at a time. Weights are measured as they are
 * equalized, but for the paper's measure, which is of the model's own.
 *
 * @param scope `per_layer` is the baseline that the paper compares with
 * @param ranking which of the two measures decides
 * @param hasFeedback whether the method feeds errors back, as GPTQ does, and asks for moments; alone, they take a part of the samples
 * @param file where the salience is kept for later conversions, and taken from if it is there
 * @throws {InvalidInputError} the file is damaged, or holds salience of another search
 */
export async function globalSearch(
  session: CalibrationSession,
  scope: SearchScope,
  ranking: Ranking,
  hasFeedback: boolean,
  file: string | undefined
): Promise<ChannelSearch> {
  const origin: SalienceOrigin = { source: session.source, calibration: session.description };
  const saved = file === undefined ? undefined : await loadSalience(file, origin);

  /** Searches, or takes what is kept, and keeps what is to be. */
  const find = async (
    sought: Sought,
    weights: readonly PlannedMixedWeight[],
    context: ConversionContext
  ): Promise<Found> => {
    const { equalization } = context.reader;
    if (saved !== undefined && saved.equalization !== equalization) {
      throw new InvalidInputError(`${saved.path} holds salience of weights that were equalized otherwise`, {
        fix: "Use the same --equalize, name another file, or delete this one to search again."
      });
    }
    const measured = weights.map(({ target }) => target);
    const parts = saved === undefined ? await new Search(session, sought, measured, context).run() : [saved];
    if (file !== undefined && saved === undefined) await saveSalience(file, parts, { ...origin, equalization });
    if (hasFeedback && saved?.moments.size === 0 && weights.some(({ experts }) => experts === 1)) {
      context.warn(
        `${saved.path} was made by an earlier version and holds no moments of gradients: output channels are quantized by ` +
          "themselves; delete it to search again"
      );
    }
    const found = {
      salience: new Map(parts.flatMap((part) => [...part.salience])),
      moments: new Map(parts.flatMap((part) => [...part.moments]))
    };
    for (const { target, tensor } of weights) {
      const moment = found.moments.get(target);
      if (moment !== undefined && moment.bytes !== momentBytes(tensor.rows)) throw misfit(file, target, tensor.rows);
    }
    return found;
  };

  return {
    name: scope,
    equalShares: scope === "per_layer",
    // Fisher information times a squared error is loss; the paper's measure is ranked as it is.
    addsUp: ranking === "fisher",

    async score(weights, context) {
      const found = await find("salience", weights, context);
      return weights.map((weight) => measure(weight, found, ranking, hasFeedback, file));
    },

    ...(hasFeedback
      ? {
          async findMoments(weights: readonly PlannedMixedWeight[], context: ConversionContext) {
            const { moments } = await find(file === undefined ? "moments" : "salience", weights, context);
            return new Map([...moments].map(([name, { read }]) => [name, read]));
          }
        }
      : {})
  };
}

type Found = Pick<SalienceFile, "salience" | "moments">;

function misfit(file: string | undefined, target: string, rows: number): InvalidInputError {
  return new InvalidInputError(`${file ?? "the search"} has no salience for the ${rows} channels of ${target}`, {
    fix: "Delete the file to search again."
  });
}

function measure(
  { target, tensor, experts }: PlannedMixedWeight,
  { salience, moments }: Found,
  ranking: Ranking,
  hasFeedback: boolean,
  file: string | undefined
): MeasuredWeight {
  const linear = salience.get(target);
  const moment = hasFeedback ? moments.get(target) : undefined;
  if (linear?.taylor.length !== tensor.rows || linear.fisher.length !== tensor.rows) {
    throw misfit(file, target, tensor.rows);
  }
  const left = hasFeedback ? linear.feedback : 1;
  const scores = Float64Array.from(ranking === "taylor" ? linear.taylor : linear.fisher.map((value) => value * left));
  return { target, experts, scores, ...(moment === undefined ? {} : { moment: moment.read }) };
}

/** Name of the work file with what is found of a section's linears; blocks are counted from 0. */
const foundFile = (sought: Sought, section: number): string => `${sought}.${section - 1}.safetensors`;

/** Name of the work file with the loss gradient at a value, as far as the sections from `reader` on contribute to it. */
const gradientFile = (value: number, reader: number): string => `gradient.${value}.${reader}.f32`;

/** One search, whichever of its steps an earlier run has left. */
class Search {
  readonly #session: CalibrationSession;
  readonly #sought: Sought;
  readonly #share: SampleShare;
  readonly #linears: ReadonlySet<string>;
  readonly #context: ConversionContext;
  /** A backward pass costs about three forward passes. */
  readonly #beforeForward: BeforePass = (section, detail) => this.#before(section - 1, detail);
  readonly #beforeBackward: BeforePass = (section, detail) => {
    const { last } = this.#session;
    this.#before(last - 1 + 3 * (last - 1 - section), detail);
  };

  constructor(session: CalibrationSession, sought: Sought, linears: readonly string[], context: ConversionContext) {
    this.#session = session;
    this.#sought = sought;
    this.#share = sought === "salience" ? "all" : "few";
    this.#linears = new Set(linears);
    this.#context = context;
  }

  /** @returns the files of the blocks */
  async run(): Promise<SalienceFile[]> {
    const { work, last, graph } = this.#session;
    for (let section = last - 1; section >= 1; section--) {
      if (!work.has(foundFile(this.#sought, section))) await this.#backward(section);
    }
    for (const value of graph.values.keys()) {
      for (const reader of this.#session.readers(value)) await work.remove(gradientFile(value, reader));
    }
    const files = [];
    for (let section = 1; section < last; section++) {
      files.push(await readSalience(work.file(foundFile(this.#sought, section)), "Run the same command again."));
    }
    return files;
  }

  /** Takes the loss gradient back through a section and measures its linears' channels' salience. */
  async #backward(section: number): Promise<void> {
    const { work, graph } = this.#session;
    const { inputs: inputNumbers = [], outputs = [] } = graph.sections[section] ?? {};
    const inputs = await this.#session.inputs(section, this.#beforeForward, this.#share);
    const used: string[] = [];
    const gradientAt = async (value: number, reader: number | undefined): Promise<Record<number, string>> => {
      if (reader === undefined) return {};
      used.push(gradientFile(value, reader));
      return { [value]: await this.#gradient(value, reader) };
    };
    let atOutputs: Record<number, string> = {};
    for (const value of outputs) {
      atOutputs = { ...atOutputs, ...(await gradientAt(value, this.#session.readers(value)[0])) };
    }
    let later: Record<number, string> = {};
    for (const value of inputNumbers) {
      const next = this.#session.readers(value).find((reader) => reader > section);
      later = { ...later, ...(await gradientAt(value, next)) };
    }

    const detail = `the backward pass of layer ${this.#session.nameOf(section)}`;
    this.#beforeBackward(section, detail);
    const call = await this.#session.section(section, this.#share);
    const files = inputNumbers.map((value) => [value, work.start(gradientFile(value, section))] as const);
    const atInputs = Object.fromEntries(files.map(([value, { temporary }]) => [value, temporary]));
    const linears = Object.keys(call.weights).filter((name) => this.#linears.has(name));
    const found = await work.step(detail, () =>
      this.#context.addon.backwardSection(
        call,
        linears,
        inputs,
        { outputs: atOutputs, later, inputs: atInputs },
        this.#sought === "moments"
      )
    );
    for (const [, file] of files) await work.finish(file);
    await work.write(foundFile(this.#sought, section), encodeSalience(found));
    for (const name of used) await work.remove(name);
  }

  /** The path of the loss gradient at a value from its reader `reader` on, computed unless it is there. */
  async #gradient(value: number, reader: number): Promise<string> {
    const { work, last } = this.#session;
    const name = gradientFile(value, reader);
    if (work.has(name)) return work.file(name);
    if (reader < last) await this.#backward(reader);
    else await this.#loss();
    return work.file(name);
  }

  async #loss(): Promise<void> {
    const { work, last, graph } = this.#session;
    const inputs = await this.#session.inputs(last, this.#beforeForward, this.#share);
    const detail = "the loss at the output head";
    this.#before(last - 1, detail);
    const files = (graph.sections[last]?.inputs ?? []).map(
      (value) => [value, work.start(gradientFile(value, last))] as const
    );
    const gradients = Object.fromEntries(files.map(([value, { temporary }]) => [value, temporary]));
    await work.step(detail, () => this.#session.loss(inputs, gradients, this.#share));
    for (const [, file] of files) await work.finish(file);
  }

  #before(finished: number, detail: string): void {
    const { signal, progress } = this.#context;
    signal.throwIfAborted();
    progress(Math.max(0, finished) / (4 * (this.#session.last - 1)), detail);
  }
}
