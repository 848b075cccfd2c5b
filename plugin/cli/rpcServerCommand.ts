import { isIPv4 } from "node:net";
import os from "node:os";
import path from "node:path";
import { Command, Option } from "commander";
import { formatBytes } from "../../common/cli/format.js";
import { integerOption } from "../../common/cli/options.js";
import { warn } from "../../common/cli/runCommand.js";
import { InvalidInputError } from "../../common/errors.js";
import { makeFolder } from "../../common/files/destination.js";
import { RpcBackend } from "../rpc/rpcAddon.js";
import { gpuName } from "../runtime/describeRuntime.js";
import { findRuntime } from "../runtime/findRuntime.js";
import { resolveRuntimeGpu, type RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { gpuOption } from "./gpuOption.js";

interface Options {
  host: string;
  port: number;
  threads: number;
  gpu: RuntimeGpu | "auto";
  cache?: string;
}

/** `mixllm rpc-server`: lends this machine to models that run on another. */
export function rpcServerCommand(): Command {
  return new Command("rpc-server")
    .description("Let a model that is loaded on another machine keep layers on this one and compute them here.")
    .option("--host <address>", "IPv4 address to listen on", "127.0.0.1")
    .addOption(new Option("--port <port>", "port to listen on").argParser(integerOption(1, 65_535)).default(50_052))
    .addOption(
      new Option("--threads <count>", "threads to compute with on the CPU")
        .argParser(integerOption(1, 1024))
        .default(os.availableParallelism(), "all")
    )
    .option("--gpu <type>", "what to compute on: auto, cuda, or false for the CPU", gpuOption, "auto")
    .option("--cache <directory>", "keep weights here that clients send, so that they need not send them again")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm rpc-server                                         for programs on this machine
  $ mixllm rpc-server --host 192.168.1.20 --cache weights     for those of a network where everybody is trusted

A client names it: getMixLlama({ rpc: ["192.168.1.20:50052"] }), or mixllm-bench speed --rpc 192.168.1.20:50052.
It serves one client after the other, of the same version of mixllm, until it is ended (Ctrl-C). It does not ask who
they are: whoever reaches the port can use it, and may crash it or worse.`
    )
    .action(serve);
}

async function serve({ host, port, threads, gpu: requestedGpu, cache }: Options): Promise<void> {
  if (!isIPv4(host)) throw new InvalidInputError(`--host takes an IPv4 address, not "${host}"`);
  if (cache !== undefined) await makeFolder(cache);
  const gpu = await resolveRuntimeGpu(requestedGpu);
  const backend = await RpcBackend.load(await findRuntime({ gpu, build: "auto", quiet: false }));
  const offers = (await backend.devices()).map(({ name, freeBytes }) => `${name}, ${formatBytes(freeBytes)} free`);
  if (!host.startsWith("127.")) {
    warn(
      `whoever reaches ${host}:${port} can use this machine: clients are not asked who they are, and what they send is ` +
        "not encrypted. Listen where everybody is trusted, or on 127.0.0.1 behind an SSH tunnel"
    );
  }
  const computing = gpu === false ? `${threads} threads` : gpuName(gpu);
  process.stdout.write(`offering ${offers.join("; ")} (${computing}) at ${host}:${port}; Ctrl-C ends it\n`);
  await backend.serve(`${host}:${port}`, threads, cache === undefined ? "" : `${path.resolve(cache)}${path.sep}`);
  throw new InvalidInputError(`cannot listen on ${host}:${port}`, {
    fix: "Choose another --port, or a --host that this machine has; another server may be running."
  });
}
