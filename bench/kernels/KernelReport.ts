import type { RateSummary } from "../speed/SpeedReport.js";
import { formatTable } from "../../common/cli/format.js";

/** How fast one product y = W x runs, of a weight W with `outputs` channels of `inputs` each and `tokens` columns in x. */
export interface KernelFigures {
  /** Name of the ggml device it ran on. */
  device: string;
  /** Of the CPU. */
  threads: number;
  /** How the weight is stored: `MixLLM p10`, `Q4_K`. */
  kernel: string;
  inputs: number;
  outputs: number;
  tokens: number;
  weightBytes: number;
  /** How many copies of the weight took turns. */
  copies: number;
  /** Whether ggml rearranged the weight for its kernel. */
  repacked: boolean;
  /** Norm of the difference from the product in float over the norm of that: what rounding the activations costs. */
  relativeError: number;
  /** Seconds a product; CPU time where one thread computes, elapsed time otherwise. */
  seconds: RateSummary;
  /** Multiplications plus additions a second, in 1e9. */
  gops: RateSummary;
  /** Bytes of the weight a second, in 1e9. */
  gigabytesPerSecond: RateSummary;
  /** Operations over the peak in the same round, median; null where that is not known, for float kernels, and on a GPU. */
  shareOfPeak: number | null;
  /** Bytes over the read bandwidth in the same round, median; null on a GPU. */
  shareOfBandwidth: number | null;
}

/** What a measurement of kernels found out. */
export interface KernelReport {
  device: { name: string; description: string };
  threads: number;
  /** What the processor can do at best, medians of all rounds; undefined on a GPU. */
  ceilings?: {
    /** Instruction set of MixLLM's kernels. */
    isa: string;
    /** Of the int8 multiply instruction alone, in 1e9 multiplications plus additions a second; null where not known. */
    gops: number | null;
    /** Read from memory. */
    gigabytesPerSecond: number;
  };
  kernels: KernelFigures[];
}

const percent = (share: number | null): string => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);

/** The report as text: the machine's ceilings, then a table, one line a kernel; medians, each line ending in a line feed. */
export function formatKernels({ device, threads, ceilings, kernels }: KernelReport): string {
  const title = `${device.name} (${device.description.trim()})`;
  const best =
    ceilings === undefined
      ? `${title}\n`
      : `${title}, ${threads} ${threads === 1 ? "thread" : "threads"}; at best ` +
        `${ceilings.gops === null ? "" : `${ceilings.gops.toFixed(0)} GOPS int8 (${ceilings.isa}), `}` +
        `${ceilings.gigabytesPerSecond.toFixed(1)} GB/s read\n`;
  const table = formatTable(
    ["kernel", "outputs", "inputs", "tokens", "bits", "time", "GOPS", "of peak", "GB/s", "of read", "error"],
    kernels.map((kernel) => [
      kernel.kernel,
      String(kernel.outputs),
      String(kernel.inputs),
      String(kernel.tokens),
      ((8 * kernel.weightBytes) / (kernel.inputs * kernel.outputs)).toFixed(2),
      `${(1e6 * kernel.seconds.median).toFixed(1)} µs`,
      kernel.gops.median.toFixed(1),
      percent(kernel.shareOfPeak),
      kernel.gigabytesPerSecond.median.toFixed(2),
      percent(kernel.shareOfBandwidth),
      kernel.relativeError.toFixed(4)
    ])
  );
  return `${best}\n${table}`;
}
