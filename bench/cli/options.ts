import { availableParallelism } from "node:os";
import { Option, InvalidArgumentError } from "commander";
import { integerOption, listOption } from "../../common/cli/options.js";
import { warn } from "../../common/cli/runCommand.js";
import { isRpcEndpoint } from "../../plugin/rpc/rpcServers.js";
import type { BenchDevices } from "../loadBenchAddon.js";

/** Threads that ggml is made for (`GGML_MAX_N_THREADS`). */
const MAX_THREADS = 512;

const parse = integerOption(1, MAX_THREADS);

/** The option for threads to compute with. More than run at once are allowed, since some measure just that, and warned of. */
export function threadsOption(): Option {
  return new Option("--threads <count>", "threads to compute with (default: all)").argParser((text) => {
    const threads = parse(text);
    const atOnce = availableParallelism();
    if (threads > atOnce) {
      warn(
        `--threads ${threads} where ${atOnce} run at once: threads wait for each other after every step, so this can ` +
          `take many times as long as --threads ${atOnce}`
      );
    }
    return threads;
  });
}

/** Options that put layers of a model elsewhere than on the CPU. */
export interface DeviceOptions {
  gpuLayers?: number;
  rpc?: string[];
}

/** More layers than any model has. */
const ALL_LAYERS = 9999;

export function gpuLayersOption(): Option {
  return new Option(
    "--gpu-layers <count>",
    "layers to put on the GPU or RPC servers (default: 0, with --rpc all)"
  ).argParser(integerOption(0));
}

export function rpcOption(): Option {
  return listOption("--rpc <host:port>", "machines that keep layers, where mixllm rpc-server runs", rpcEndpoint);
}

function rpcEndpoint(text: string): string {
  if (isRpcEndpoint(text)) return text;
  throw new InvalidArgumentError("expected servers such as 192.168.1.20:50052");
}

/** What to load the addon with, and how many layers to put there. */
export function placeLayers({ gpuLayers, rpc = [] }: DeviceOptions): { gpuLayers: number; devices: BenchDevices } {
  const layers = gpuLayers ?? (rpc.length > 0 ? ALL_LAYERS : 0);
  return { gpuLayers: layers, devices: { gpu: layers > 0, rpc } };
}

/** Larger weights do not exist, and would not fit in memory several times. */
const LARGEST = 2 ** 18;

/** A commander parser for the size of a weight, output channels x inputs: `14336x4096`. */
export function shapeOption(text: string): { outputs: number; inputs: number } {
  const [, outputs, inputs] = /^(\d{1,6})x(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  const fits = (size: number | undefined, multiple: number): size is number =>
    size !== undefined && size > 0 && size <= LARGEST && size % multiple === 0;
  if (!fits(outputs, 16) || !fits(inputs, 32)) {
    throw new InvalidArgumentError("expected output channels x inputs, multiples of 16 and of 32, such as 4096x4096");
  }
  return { outputs, inputs };
}

const FLAGS = "--types <names>";

/** The option that lists llama.cpp's quantization types, in capitals; `none` is the empty list. */
export function typesOption(initial: string): Option {
  const option = listOption(FLAGS, "stock types, or none", typeName, initial);
  const parse = option.parseArg;
  return option.argParser((text, before) => (text === "none" ? [] : parse?.(text, before)));
}

function typeName(text: string): string {
  if (!/^\w+$/.test(text)) throw new InvalidArgumentError("expected names such as Q4_K,Q6_K");
  return text.toUpperCase();
}
