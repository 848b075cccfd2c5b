import { type ChildProcess, execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { convertDemo } from "../testing/convertDemo.js";
import { freePort, startRpcServer } from "../testing/startRpcServer.js";

const directory = temporaryDirectory();
const model = path.join(directory, "model.gguf");

/** Generates on the servers that its arguments name; LOSE is the process id of one to end meanwhile. */
const APP = `
import { getMixLlama } from ${JSON.stringify(pathToFileURL(path.join(packageRoot, "dist", "plugin", "index.js")).href)};
import { LlamaCompletion } from "node-llama-cpp";
const outcome = {};
let lostAt;
try {
  const llama = await getMixLlama({ gpu: false, build: "never", logLevel: "disabled", rpc: process.argv.slice(2) });
  outcome.gpu = llama.gpu;
  const model = await llama.loadModel({ modelPath: process.env.MODEL });
  outcome.layers = model.gpuLayers;
  const context = await model.createContext({ contextSize: 512 });
  const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
  let chunks = 0;
  const onTextChunk = () => {
    if (process.env.LOSE === undefined || ++chunks !== 5) return;
    process.kill(Number(process.env.LOSE), "SIGKILL");
    lostAt = Date.now();
  };
  const options = { maxTokens: process.env.LOSE === undefined ? 24 : 400, temperature: 0, onTextChunk };
  outcome.text = await completion.generateCompletion("The configuration file", options);
  await llama.dispose();
} catch (error) {
  outcome.error = error.message;
  outcome.fix = error.fix;
  if (lostAt !== undefined) outcome.afterMs = Date.now() - lostAt;
}
console.log(JSON.stringify(outcome));
`;

interface Outcome {
  gpu?: string | false;
  layers?: number;
  text?: string;
  error?: string;
  fix?: string;
  afterMs?: number;
}

beforeAll(async () => {
  await convertDemo(model, "--method", "rtn", "--search", "weight_error");
  await writeFile(path.join(directory, "app.mjs"), APP);
  await mkdir(path.join(directory, "node_modules"));
  await symlink(nodeLlamaCpp().directory, path.join(directory, "node_modules", "node-llama-cpp"), "junction");
});

async function runApp(endpoints: readonly string[], lose?: ChildProcess): Promise<Outcome> {
  const env = { ...process.env, MODEL: model, ...(lose === undefined ? {} : { LOSE: String(lose.pid) }) };
  const app = promisify(execFile)(process.execPath, [path.join(directory, "app.mjs"), ...endpoints], {
    env,
    timeout: 60_000
  });
  return JSON.parse((await app).stdout) as Outcome;
}

test("two servers give the text that this machine gives alone", async () => {
  const alone = await runApp([]);
  expect(alone).toMatchObject({ gpu: false, layers: 0, text: expect.stringMatching(/\S/) as unknown });
  const [first, second] = [await startRpcServer(), await startRpcServer()];
  const shared = await runApp([first.endpoint, second.endpoint]);
  expect(shared).toEqual({ gpu: "rpc", layers: 5, text: alone.text });
  // They serve the next one as well.
  expect(await runApp([first.endpoint, second.endpoint])).toEqual(shared);
});

test("a server that is lost in mid-generation is an error at once, in a process that lives on", async () => {
  const [first, second] = [await startRpcServer(), await startRpcServer()];
  const { error, afterMs, text } = await runApp([first.endpoint, second.endpoint], second.server);
  expect(text).toBeUndefined();
  expect(error).toBe(`the connection to the RPC server at ${second.endpoint} is lost`);
  expect(afterMs).toBeLessThan(10_000);
  // The other one has lost nothing.
  expect(await runApp([first.endpoint])).toMatchObject({ gpu: "rpc", text: expect.any(String) as unknown });
});

test("a server that is not there, of another release, or busy is refused with the reason", async () => {
  const nowhere = `127.0.0.1:${await freePort()}`;
  const absent = await runApp([nowhere]);
  expect(absent.error).toBe(`there is no RPC server at ${nowhere}`);
  expect(absent.fix).toContain("npx mixllm rpc-server");

  // Stock llama.cpp's answer to a greeting: its length, its version, what it can besides TCP.
  const greeting = Buffer.alloc(8 + 28);
  greeting.writeBigUInt64LE(28n, 0);
  greeting.set([7, 0, 1], 8);
  const stock = net.createServer((socket) => socket.once("data", () => socket.write(greeting)));
  const silent = net.createServer(() => undefined);
  for (const server of [stock, silent]) {
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
  }
  const endpoint = (server: net.Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect((await runApp([endpoint(stock)])).error).toMatch(
      /speaks version 7\.0\.1 of the protocol, this program 107\./
    );
    expect((await runApp([endpoint(silent)])).error).toMatch(/does not answer; it may be serving another client/);
  } finally {
    stock.close();
    silent.close();
  }
});
