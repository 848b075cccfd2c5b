import { formatTable } from "../../common/cli/format.js";
import type { KernelReport } from "./KernelReport.js";

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
