import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { shellWords } from "../../cli/shellWords.js";
import { runArm, type ArmRunner } from "../arm/runArm.js";
import { assertGgufFile } from "../files/assertGgufFile.js";
import { readFailure } from "../../files/readFailure.js";
import type { Footprint } from "../footprint/Footprint.js";
import { startLengths } from "../footprint/startLengths.js";
import { summarizeFootprints } from "../footprint/summarizeFootprints.js";
import { readText } from "../files/readText.js";
import { assertUnquantized } from "./assertUnquantized.js";
import { bitsPerWeight } from "./bitsPerWeight.js";
import type { ComparedModel, Comparison } from "./Comparison.js";
import { contenderName, type Contender } from "./Contender.js";
import { describeMachine } from "./describeMachine.js";
import { describeVersions } from "./describeVersions.js";
import { Forecast } from "./Forecast.js";
import { identifyModel } from "./identifyModel.js";
import { planWork, type WorkKind } from "./planWork.js";
import { Workshop } from "./Workshop.js";

/** How often each model starts for its load time, first token and memory. */
const STARTS = 3;

/** A model before its speed is measured, for which all take turns. */
export type UntimedModel = Omit<ComparedModel, "speed">;

/** A model's file, and how it came to be. */
type MadeModel = Pick<ComparedModel, "file" | "origin">;

export interface CompareOptions {
  /** A Hugging Face model directory, or an unquantized GGUF. */
  source: string;
  /** Path of the text to measure quality on. */
  text: string;
  /** Path of a text to calibrate on; without one, no importance matrix takes part. */
  calibration?: string;
  /** Folder for models and results; reused when it is there. */
  output: string;
  contenders: readonly Contender[];
  /** Tokens a chunk; 512 unless given. */
  context?: number;
  /** Chunks of the text; all unless given. */
  chunks?: number;
  /** Chunks of 512 tokens of the calibration text, for MixLLM and the importance matrix alike; 64 unless given. */
  calibrationChunks?: number;
  /** Tokens of the prompt and generation tests (0 leaves them out), tokens before them, and how often they run. */
  prompt?: readonly number[];
  generate?: readonly number[];
  depth?: readonly number[];
  repeat?: number;
  /** All that the machine offers unless given. */
  threads?: number;
  /** Layers on the GPU while speed and memory are measured; none unless given. */
  gpuLayers?: number;
  /** The command line, for the record. */
  command: string[];
  onProgress?: (fraction: number, step: string) => void;
  /** Called with each model when all but its speed is measured. */
  onModel?: (model: UntimedModel) => void;
  signal?: AbortSignal;
  /** How work is run; in processes of its own unless given. */
  runArm?: ArmRunner;
}

/**
 * Makes every contender and sets it against the unquantized model: quality, speed, memory, size. Each piece of work runs
 * in a process of its own; speed is measured with the models taking turns. What is finished is kept in the output
 * folder and not done again.
 *
 * @throws {InvalidInputError} something that was given is missing or unusable
 * @throws the reason of `signal` when it aborts
 */
export async function compareModels(options: CompareOptions): Promise<Comparison> {
  const { context = 512, prompt = [512], generate = [64], depth = [0], repeat = 5 } = options;
  const { threads = availableParallelism(), gpuLayers = 0 } = options;
  const { contenders, calibration, chunks, calibrationChunks = 64 } = options;
  const isDirectory = await assertSource(options.source);
  const text = await readText(options.text);
  if (calibration !== undefined) await readText(calibration);
  for (const contender of contenders) if (contender.kind === "file") await assertGgufFile(contender.path);

  const versions = await describeVersions();
  const needsMatrix = calibration !== undefined && contenders.some(({ kind }) => kind === "stock");
  const plan = planWork({
    ...{ convertsSource: isDirectory, needsMatrix, contenders, textBytes: text.length, context, chunks },
    ...{ calibrationChunks, starts: STARTS, prompt, generate, depth, repeat }
  });
  const forecast = new Forecast(plan, options.onProgress ?? (() => undefined));
  const run = options.runArm ?? runArm;
  const workshop = await Workshop.open(options.output, {
    build: `${versions.mixllm} ${versions.runtime}`,
    runArm: (request, armOptions) => forecast.time(() => run(request, armOptions)),
    ...(options.signal === undefined ? {} : { signal: options.signal })
  });
  const { hashes } = workshop;
  const step = (kind: WorkKind, label: string): ((done: number) => void) => {
    forecast.next(kind, label);
    return (done) => forecast.update(done);
  };

  const sourceSha256 = await hashes.of(options.source);
  const textSha256 = await hashes.of(options.text);
  const calibrationSha256 = calibration === undefined ? undefined : await hashes.of(calibration);
  /** `files` are options that name files, whose content is in the key already. */
  const convert = async (
    kind: WorkKind & ("convert" | "mixllm"),
    name: string,
    args: string[],
    files: string[] = []
  ): Promise<MadeModel> => {
    const rest = [...args, ...files];
    const file = await workshop.make(
      name.replace(" ", "-"),
      ["convert", sourceSha256, calibrationSha256 ?? "none", args],
      (path) => ({ kind: "convert", arguments: [options.source, "-o", path, ...rest] }),
      step(kind, `converting to ${name}`)
    );
    return { file, origin: `mixllm-convert ${shellWords([options.source, "-o", file, ...rest])}` };
  };
  const given = (file: string): MadeModel => ({ file, origin: "as it was given" });
  const original = isDirectory ? await convert("convert", "F16", ["--type", "f16"]) : given(options.source);
  const reference = original.file;
  await assertUnquantized(reference);
  const referenceSha256 = await hashes.of(reference);

  const measure = async (name: string, { file, origin }: MadeModel): Promise<UntimedModel> => {
    const sha256 = await hashes.of(file);
    const isReference = sha256 === referenceSha256;
    const quality = await workshop.measure(
      [sha256, isReference ? "itself" : referenceSha256, textSha256, context, chunks ?? "all", threads],
      {
        kind: "quality",
        options: {
          model: file,
          text: options.text,
          context,
          threads,
          ...(isReference ? {} : { reference }),
          ...(chunks === undefined ? {} : { chunks })
        }
      },
      step("quality", `quality of ${name}`)
    );
    const start = { ...startLengths({ prompt, generate, depth }), threads, gpuLayers };
    const starts: Footprint[] = [];
    while (starts.length < STARTS) {
      starts.push(
        await workshop.measure(
          [sha256, start, describeMachine(), starts.length],
          { kind: "footprint", options: { ...start, model: file } },
          step("start", `memory of ${name}`)
        )
      );
    }
    const footprint = summarizeFootprints(starts);
    const model = {
      ...{ name, ...(await identifyModel(file)), origin, file, sha256, fileBytes: (await stat(file)).size },
      ...{ bitsPerWeight: await bitsPerWeight(file, reference), quality, footprint }
    };
    options.onModel?.(model);
    return model;
  };

  // First, because it tells whether the text is of any use.
  const measured = [await measure(isDirectory ? "F16" : basename(reference), original)];

  const imatrix = needsMatrix
    ? await workshop.make(
        "imatrix",
        ["imatrix", referenceSha256, calibrationSha256, calibrationChunks],
        (output) => ({
          kind: "imatrix",
          options: { model: reference, text: calibration, output, threads, chunks: calibrationChunks }
        }),
        step("imatrix", "computing the importance matrix")
      )
    : undefined;

  // The search for salient channels is the same for every share of them, so its result is handed on.
  const salience = workshop.path(
    "salience",
    [sourceSha256, calibrationSha256 ?? "none", calibrationChunks],
    "safetensors"
  );
  const calibrationFiles = [
    ...(calibration === undefined ? [] : ["--calibration", calibration]),
    ...["--salience", salience]
  ];
  const make = async (contender: Contender): Promise<MadeModel> => {
    const name = contenderName(contender);
    switch (contender.kind) {
      case "file":
        return given(contender.path);
      case "mixllm":
        return convert(
          "mixllm",
          name,
          [...mixedArguments(contender), "--samples", String(calibrationChunks)],
          calibrationFiles
        );
      case "stock": {
        const file = await workshop.make(
          name,
          ["quantize", referenceSha256, name, imatrix === undefined ? "none" : await hashes.of(imatrix)],
          (output) => ({
            kind: "quantize",
            input: reference,
            output,
            type: contender.type,
            threads,
            ...(imatrix === undefined ? {} : { imatrix })
          }),
          step("stock", `quantizing to ${name}`)
        );
        const matrix = imatrix === undefined ? "" : `, importance matrix ${imatrix}`;
        return { file, origin: `llama.cpp's quantizer, ${reference} to ${name}${matrix}` };
      }
    }
  };
  for (const contender of contenders) measured.push(await measure(contenderName(contender), await make(contender)));
  const files = measured.map(({ file }) => file);
  const speed = plan.some(({ kind }) => kind === "speed")
    ? await workshop.measure(
        [measured.map(({ sha256 }) => sha256), prompt, generate, depth, repeat, threads, gpuLayers, describeMachine()],
        { kind: "speed", options: { models: files, prompt, generate, depth, repeat, threads, gpuLayers } },
        step("speed", "speed")
      )
    : undefined;
  options.onProgress?.(1, "done");

  return {
    version: 1,
    date: new Date().toISOString(),
    source: options.source,
    sourceSha256,
    text: { file: options.text, sha256: textSha256 },
    ...(calibration === undefined || calibrationSha256 === undefined
      ? {}
      : { calibration: { file: calibration, sha256: calibrationSha256 } }),
    settings: { threads, repeat },
    machine: describeMachine(),
    versions,
    command: options.command,
    models: measured.map((model, i) => ({ ...model, speed: speed?.models[i]?.figures ?? [] }))
  };
}

function mixedArguments(contender: Contender & { kind: "mixllm" }): string[] {
  return "percent8bit" in contender
    ? ["--percent-8bit", String(contender.percent8bit)]
    : ["--bits-per-weight", String(contender.bitsPerWeight)];
}

/** @returns whether the source is a directory */
async function assertSource(source: string): Promise<boolean> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(source)).isDirectory();
  } catch (error) {
    throw readFailure(source, error);
  }
  if (!isDirectory) {
    await assertGgufFile(source);
    await assertUnquantized(source);
  }
  return isDirectory;
}
