import { describe, expect, test } from "vitest";
import type { BenchAddon, KernelHandle, NativeKernelOptions } from "../BenchAddon.js";
import { loadBenchAddon } from "../loadBenchAddon.js";
import { prepareBenchAddon } from "../testing/benchTests.js";
import { formatKernels } from "./KernelReport.js";
import { measureKernels, type KernelOptions } from "./measureKernels.js";

prepareBenchAddon();

const options: KernelOptions = {
  shapes: [{ outputs: 64, inputs: 256 }],
  percent8bit: [25],
  types: ["Q4_K"],
  tokens: [1],
  repeat: 1,
  threads: 2
};

describe("the order of measurement", () => {
  /** An addon that notes what it is asked for; MixLLM takes 1 µs, stock types 2 µs, and both are off by `error`. */
  function recordingAddon(calls: string[], error = 0.01): BenchAddon {
    const job = <T>(result: T) => ({ result: Promise.resolve(result), cancel: () => undefined });
    const name = (handle: KernelHandle): string => (handle as unknown as { name: string }).name;
    return {
      kernelDevices: () => [
        { name: "CPU", description: "a processor", isCpu: true },
        { name: "GPU0", description: "a GPU", isCpu: false }
      ],
      kernelTypes: () => ["Q4_K", "F16"],
      openKernel: ({ percent8bit, type, device }: NativeKernelOptions) => {
        const short = type ?? `p${percent8bit}`;
        calls.push(`open ${short} ${device}`);
        return job({
          handle: { name: short },
          weightBytes: 1000,
          copies: 3,
          repacked: false,
          relativeError: error
        });
      },
      timeKernel: (handle: KernelHandle) => {
        calls.push(`time ${name(handle)}`);
        return job(name(handle).startsWith("p") ? 1e-6 : 2e-6);
      },
      closeKernel: (handle: KernelHandle) => calls.push(`close ${name(handle)}`),
      measureCeilings: (threads: number) => {
        calls.push(`ceilings ${threads}`);
        return job({ isa: "some", operationsPerSecond: 100e9, bytesPerSecond: 2e9 });
      }
    } as unknown as BenchAddon;
  }

  test("kernels and ceilings take turns, each round beginning with another one", async () => {
    const calls: string[] = [];
    const steps: string[] = [];
    const report = await measureKernels(() => Promise.resolve(recordingAddon(calls)), {
      ...options,
      types: ["q4_k", "f16"],
      repeat: 2,
      onProgress: (done, total) => steps.push(`${done}/${total}`)
    });
    expect(calls).toEqual([
      ...["open p25 CPU", "open Q4_K CPU", "open F16 CPU"],
      ...["ceilings 2", "time p25", "time Q4_K", "time F16"],
      ...["ceilings 2", "time Q4_K", "time F16", "time p25"],
      ...["close p25", "close Q4_K", "close F16"]
    ]);
    expect(steps).toEqual(Array.from({ length: 9 }, (_, i) => `${i}/9`));
    expect(report.ceilings).toEqual({ isa: "some", gops: 100, gigabytesPerSecond: 2 });
    const [mixed, q4, f16] = report.kernels;
    // 2 * 64 * 256 operations and 1000 bytes in 1 µs
    expect(mixed!.gops.median).toBeCloseTo(32.768, 9);
    expect(mixed!.shareOfPeak).toBeCloseTo(0.32768, 9);
    expect(mixed!.gigabytesPerSecond.median).toBeCloseTo(1, 9);
    expect(mixed!.shareOfBandwidth).toBeCloseTo(0.5, 9);
    expect(q4!.gops.median).toBeCloseTo(16.384, 9);
    expect(f16!.shareOfPeak).toBeNull();
  });

  test("a GPU has no ceilings", async () => {
    const calls: string[] = [];
    const addon = recordingAddon(calls);
    const report = await measureKernels(() => Promise.resolve(addon), { ...options, device: "gpu0", types: [] });
    expect(calls).toEqual(["open p25 GPU0", "time p25", "close p25"]);
    expect(report.ceilings).toBeUndefined();
    expect(report.kernels[0]).toMatchObject({ device: "GPU0", shareOfPeak: null, shareOfBandwidth: null });
    expect(formatKernels(report)).toMatch(/^GPU0 \(a GPU\)\n\nkernel/);
  });

  test.each([0.2, NaN])("a kernel that is off by %s is not timed", async (error) => {
    const calls: string[] = [];
    await expect(measureKernels(() => Promise.resolve(recordingAddon(calls, error)), options)).rejects.toThrow(
      /^MixLLM p25 computes 64x256, 1 tokens wrong on CPU/
    );
    expect(calls).toEqual(["open p25 CPU", "close p25"]);
  });
});

describe("real kernels", () => {
  test("compute what the float product says, and are timed", { timeout: 300_000 }, async () => {
    const report = await measureKernels(loadBenchAddon, {
      ...options,
      shapes: [{ outputs: 96, inputs: 512 }],
      percent8bit: [0, 25, 100],
      types: ["Q4_0", "Q4_K", "Q8_0", "F16"],
      tokens: [1, 40],
      // Odd, so that the median of a quotient is the quotient of the median.
      repeat: 3
    });
    expect(report.device.name).toBe("CPU");
    expect(report.ceilings!.gigabytesPerSecond).toBeGreaterThan(0);
    const kernels = ["MixLLM p0", "MixLLM p25", "MixLLM p100", "Q4_0", "Q4_K", "Q8_0", "F16"];
    expect(report.kernels.map(({ kernel, tokens }) => `${kernel} ${tokens}`)).toEqual(
      [1, 40].flatMap((tokens) => kernels.map((kernel) => `${kernel} ${tokens}`))
    );
    // Per channel of 512 inputs: quants, 4 groups of scales and zero points, its index; 32 channels of 96 have 8 bits at 25 %.
    const bytes4 = 256 + 4 * 2.5 + 4;
    const bytes8 = 512 + 4 * 2 + 4;
    const blocks = [(512 / 32) * 18, (512 / 256) * 144, (512 / 32) * 34, 512 * 2].map((bytes) => 96 * bytes);
    const expected = [96 * bytes4, 64 * bytes4 + 32 * bytes8, 96 * bytes8, ...blocks];
    expect(report.kernels.map(({ weightBytes }) => weightBytes)).toEqual([...expected, ...expected]);
    for (const {
      kernel,
      tokens,
      copies,
      relativeError,
      seconds,
      gops,
      gigabytesPerSecond,
      weightBytes
    } of report.kernels) {
      expect(copies, kernel).toBe(tokens === 1 ? 256 : 1);
      expect(relativeError, kernel).toBeLessThan(kernel === "F16" ? 0.001 : 0.01);
      expect(relativeError, kernel).toBeGreaterThan(0);
      expect(seconds.median * 1e9 * gops.median).toBeCloseTo(2 * 96 * 512 * tokens, 3);
      expect(seconds.median * 1e9 * gigabytesPerSecond.median).toBeCloseTo(weightBytes, 3);
    }
    const lines = formatKernels(report).trimEnd().split("\n");
    expect(lines[0]).toMatch(/^CPU \(.+\), 2 threads; at best .*[\d.]+ GB\/s read$/);
    expect(lines).toHaveLength(3 + 14);
    expect(lines[4]).toMatch(/^MixLLM p25 +96 +512 +1 +5\.54 +[\d.]+ µs /);
  });

  test.each<[string, Partial<KernelOptions>, RegExp]>([
    ["an unknown type", { types: ["Q9_K"] }, /^there is no type Q9_K to measure; there are F16, /],
    ["an unknown device", { device: "CUDA7" }, /^there is no device CUDA7; there are CPU$/],
    ["nothing", { types: [], percent8bit: [] }, /^there is nothing to measure/],
    [
      "a shape a type cannot have",
      { shapes: [{ outputs: 16, inputs: 32 }] },
      /^Q4_K needs a multiple of 256 inputs, and there are 32$/
    ]
  ])("%s is one clear message", async (_, given, message) => {
    await expect(measureKernels(loadBenchAddon, { ...options, ...given })).rejects.toThrow(message);
  });
});
