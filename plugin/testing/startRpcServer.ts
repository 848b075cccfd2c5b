import { type ChildProcess, spawn } from "node:child_process";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { afterAll } from "vitest";
import { packageRoot } from "../../common/package.js";

const servers: ChildProcess[] = [];

afterAll(() => {
  for (const server of servers) server.kill("SIGKILL");
});

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts `mixllm rpc-server` on this machine, on one thread; it ends with the tests of the file. */
export async function startRpcServer(): Promise<{ endpoint: string; server: ChildProcess }> {
  const port = await freePort();
  const mixllm = path.join(packageRoot, "dist", "plugin", "cli", "mixllm.js");
  const args = [mixllm, "rpc-server", "--port", String(port), "--threads", "1", "--gpu", "false"];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  const endpoint = `127.0.0.1:${port}`;
  await new Promise<void>((resolve, reject) => {
    server.once("exit", () => {
      reject(new Error("the server ended"));
    });
    server.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("offering")) resolve();
    });
  });
  // It listens a moment after it has said so.
  for (let attempt = 0; attempt < 500 && !(await accepts(port)); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return { endpoint, server };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
