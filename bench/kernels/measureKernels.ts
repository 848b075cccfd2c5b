import { availableParallelism } from "node:os";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";
import type { BenchAddon, NativeCeilings, NativeKernel } from "../BenchAddon.js";
import { finishJob } from "../../common/nativeJob.js";
import { untilThreadsSleep } from "../loadBenchAddon.js";
import { summarizeRates } from "../speed/SpeedReport.js";
import { median } from "../statistics.js";
import { cacheBytes } from "./cacheBytes.js";
import type { KernelFigures, KernelReport } from "./KernelReport.js";

export interface KernelOptions {
  /** Sizes of weights. */
  shapes: readonly { inputs: number; outputs: number }[];
  /** Shares of 8-bit output channels of MixLLM weights. */
  percent8bit: readonly number[];
  /** Stock types, as llama.cpp names those of tensors. */
  types: readonly string[];
  /** Columns of the activations. */
  tokens: readonly number[];
  /** Name of a ggml device; the CPU unless given. */
  device?: string;
  /** All that the machine offers unless given. */
  threads?: number;
  /** Rounds; 5 unless given. */
  repeat?: number;
  onProgress?: (done: number, total: number, step: string) => void;
  signal?: AbortSignal;
}

/** Where the caches' size is not known, and at least. */
const ROTATED_BYTES = 256 * 2 ** 20;

/** Rounding weights and activations is less than this; more is a wrong product. */
const LARGEST_ERROR = 0.05;

/** Types that are multiplied in float, so that the int8 peak says nothing about them. */
const FLOAT_TYPES: ReadonlySet<string> = new Set(["F16", "BF16"]);

/**
 * Times products of single weights with ggml's operations on one device: MixLLM's beside stock types, taking turns, each
 * round beginning with another one, together with the machine's own ceilings. For a few tokens, where memory decides,
 * copies of the weight that no cache holds take turns too.
 *
 * @param loadAddon called only once everything that can be checked without the addon holds
 * @throws {InvalidInputError} an unknown type or device, or a shape a type cannot have
 * @throws {MixLlmError} a kernel computes something wrong
 * @throws the reason of `signal` when it aborts
 */
export async function measureKernels(
  loadAddon: () => Promise<BenchAddon>,
  options: KernelOptions
): Promise<KernelReport> {
  const { threads = availableParallelism(), repeat = 5, signal, percent8bit, types } = options;
  const subjects: Subject[] = [
    ...percent8bit.map((percent) => ({ kernel: `MixLLM p${percent}`, weight: { percent8bit: percent } })),
    ...types.map((name) => ({ kernel: name.toUpperCase(), weight: { type: name.toUpperCase() } }))
  ];
  if (subjects.length === 0) throw new InvalidInputError("there is nothing to measure: neither MixLLM nor stock types");

  const addon = await loadAddon();
  const devices = addon.kernelDevices();
  const wanted = options.device?.toUpperCase();
  const device = devices.find(({ name, isCpu }) => (wanted === undefined ? isCpu : name.toUpperCase() === wanted));
  if (device === undefined) {
    throw new InvalidInputError(`there is no device ${wanted ?? "CPU"}; there are ${names(devices)}`);
  }
  const known = addon.kernelTypes();
  for (const { kernel, weight } of subjects) {
    if (weight.type !== undefined && !known.includes(weight.type)) {
      throw new InvalidInputError(`there is no type ${kernel} to measure; there are ${known.join(", ")}`);
    }
  }

  const rotatedBytes = Math.max(ROTATED_BYTES, 2 * ((await cacheBytes()) ?? 0));
  const cases = options.shapes.flatMap((shape) => options.tokens.map((tokens) => ({ ...shape, tokens })));
  const steps = cases.length * subjects.length * (1 + repeat);
  let done = 0;
  const begin = (step: string): void => options.onProgress?.(done++, steps, step);
  const measured: Measured[] = [];
  for (const size of cases) {
    const ceilings: NativeCeilings[] = [];
    const title = `${size.outputs}x${size.inputs}, ${size.tokens} tokens`;
    const opened: Measured[] = [];
    try {
      for (const { kernel, weight } of subjects) {
        begin(`${kernel}, ${title}`);
        const setting = { ...size, ...weight, device: device.name, threads, rotatedBytes };
        const native = await finishJob(addon.openKernel(setting), signal);
        opened.push({ ...size, kernel, native, seconds: [], ceilings });
        if (!(native.relativeError < LARGEST_ERROR)) {
          throw new MixLlmError(
            `${kernel} computes ${title} wrong on ${device.name}: it is off by ${native.relativeError.toPrecision(3)}`
          );
        }
      }
      for (let round = 0; round < repeat; round++) {
        if (device.isCpu) ceilings.push(await finishJob(addon.measureCeilings(threads), signal));
        for (let turn = 0; turn < opened.length; turn++) {
          const { kernel, native, seconds } = opened[(round + turn) % opened.length]!;
          begin(`round ${round + 1} of ${repeat}, ${kernel}, ${title}`);
          await untilThreadsSleep();
          seconds.push(await finishJob(addon.timeKernel(native.handle), signal));
        }
      }
    } finally {
      for (const { native } of opened) addon.closeKernel(native.handle);
    }
    measured.push(...opened);
  }

  const ceilings = measured.filter(({ kernel }) => kernel === subjects[0]!.kernel).flatMap((first) => first.ceilings);
  return {
    device: { name: device.name, description: device.description },
    threads,
    ...(ceilings.length === 0 ? {} : { ceilings: summarizeCeilings(ceilings) }),
    kernels: measured.map((kernel) => ({ device: device.name, threads, ...figuresOf(kernel) }))
  };
}

interface Subject {
  kernel: string;
  weight: { percent8bit: number; type?: never } | { type: string };
}

interface Measured {
  kernel: string;
  inputs: number;
  outputs: number;
  tokens: number;
  native: NativeKernel;
  /** Of each round. */
  seconds: number[];
  /** Of each round, the same for all kernels of a case; none on a GPU. */
  ceilings: NativeCeilings[];
}

function figuresOf({
  kernel,
  inputs,
  outputs,
  tokens,
  native,
  seconds,
  ceilings
}: Measured): Omit<KernelFigures, "device" | "threads"> {
  const { weightBytes, copies, repacked, relativeError } = native;
  const operations = 2 * inputs * outputs * tokens;
  const rate = (amount: number) => summarizeRates(seconds.map((value) => amount / value / 1e9));
  /** Within a round, so that a machine that slows down does not look like a slow kernel. */
  const share = (amount: number, ceiling: (of: NativeCeilings) => number): number | null =>
    ceilings.some((of) => ceiling(of) === 0) || ceilings.length === 0
      ? null
      : median(ceilings.map((of, round) => amount / seconds[round]! / ceiling(of)));
  return {
    kernel,
    inputs,
    outputs,
    tokens,
    weightBytes,
    copies,
    repacked,
    relativeError,
    seconds: summarizeRates(seconds),
    gops: rate(operations),
    gigabytesPerSecond: rate(weightBytes),
    shareOfPeak: FLOAT_TYPES.has(kernel) ? null : share(operations, (of) => of.operationsPerSecond),
    shareOfBandwidth: share(weightBytes, (of) => of.bytesPerSecond)
  };
}

function summarizeCeilings(ceilings: readonly NativeCeilings[]): NonNullable<KernelReport["ceilings"]> {
  const billions = (of: (found: NativeCeilings) => number): number => median(ceilings.map(of)) / 1e9;
  return {
    isa: ceilings[0]!.isa,
    gops: billions(({ operationsPerSecond }) => operationsPerSecond) || null,
    gigabytesPerSecond: billions(({ bytesPerSecond }) => bytesPerSecond)
  };
}

function names(devices: readonly { name: string }[]): string {
  return devices.map(({ name }) => name).join(", ");
}
