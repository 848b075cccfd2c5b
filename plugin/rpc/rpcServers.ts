import { RpcServerError } from "../errors.js";
import type { Runtime } from "../runtime/ensureRuntime.js";
import { RpcBackend } from "./rpcAddon.js";

/** Whether a value names a server: `host:port`, the host by name or IPv4 address. */
export function isRpcEndpoint(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const port = Number(/^[\w.-]+:(\d{1,5})$/.exec(value)?.[1]);
  return port >= 1 && port <= 65_535;
}

/**
 * Makes the devices of RPC servers devices of this process, for good.
 *
 * @throws {RpcServerError} one of them cannot be used
 */
export async function connectRpcServers(runtime: Runtime, endpoints: readonly string[]): Promise<void> {
  if (endpoints.length === 0) return;
  const backend = await RpcBackend.load(runtime);
  for (const endpoint of endpoints) {
    try {
      await backend.addServer(endpoint);
    } catch (error) {
      throw new RpcServerError(endpoint, error);
    }
  }
}
