import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { RuntimeLoadError } from "../errors.js";
import type { Runtime } from "../runtime/ensureRuntime.js";

/** A device that an RPC server offers. */
export interface RpcDevice {
  readonly name: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The addon of `plugin/rpc/native`; `library` is where ggml's RPC backend lies. */
interface RpcAddon {
  addServer(library: string, endpoint: string): Promise<RpcDevice[]>;
  devices(directory: string): Promise<RpcDevice[]>;
  serve(library: string, endpoint: string, threads: number, cacheDirectory: string): Promise<[]>;
}

/** ggml's RPC backend of one runtime: both ends of computing on other machines. */
export class RpcBackend {
  readonly #addon: RpcAddon;
  readonly #directory: string;
  readonly #library: string;

  private constructor(addon: RpcAddon, directory: string, library: string) {
    this.#addon = addon;
    this.#directory = directory;
    this.#library = library;
  }

  /** @throws {RuntimeLoadError} the runtime is there but its RPC backend cannot be loaded */
  static async load({ binaryDirectory, gpu }: Pick<Runtime, "binaryDirectory" | "gpu">): Promise<RpcBackend> {
    const file = path.join(binaryDirectory, "mixllm-rpc.node");
    let addon: RpcAddon;
    try {
      addon = createRequire(import.meta.url)(file) as RpcAddon;
    } catch (error) {
      throw new RuntimeLoadError(file, `npx mixllm build --gpu ${String(gpu)} --force`, error);
    }
    const library = (await readdir(binaryDirectory)).find((name) => /ggml-rpc\.(so|dylib|dll)$/.test(name)) ?? "";
    return new RpcBackend(addon, binaryDirectory, path.join(binaryDirectory, library));
  }

  /**
   * Makes a server's devices devices of this process, for good.
   *
   * @throws {Error} the server does not answer within 10 seconds, or is not of this release; the message says which
   */
  addServer(endpoint: string): Promise<RpcDevice[]> {
    return this.#addon.addServer(this.#library, endpoint);
  }

  /** What a server on this machine offers: its GPUs, or where the runtime has none its CPU. */
  devices(): Promise<RpcDevice[]> {
    return this.#addon.devices(this.#directory);
  }

  /**
   * Serves one client after the other; returns when it cannot listen. `devices` comes first.
   *
   * @param cacheDirectory keeps weights that clients have sent, so that they need not send them again; empty for none
   */
  async serve(endpoint: string, threads: number, cacheDirectory: string): Promise<void> {
    await this.#addon.serve(this.#library, endpoint, threads, cacheDirectory);
  }
}
