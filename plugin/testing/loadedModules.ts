import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** Imports the module ENTRY and prints every file that is loaded with it, ES modules and CommonJS. */
const LIST_MODULES = `
import { createRequire, register } from "node:module";
import { MessageChannel } from "node:worker_threads";
const hooks = \`
  let port;
  export const initialize = (data) => { port = data; };
  export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };
\`;
const { port1, port2 } = new MessageChannel();
const urls = [];
port1.on("message", (url) => urls.push(url)).unref();
register("data:text/javascript," + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
await import(process.env.ENTRY);
await new Promise((resolve) => setTimeout(resolve, 200));
console.log([...urls, ...Object.keys(createRequire(import.meta.url).cache)].join("\\n"));
`;

/** Every file that a process loads when it imports this one, ES modules as URLs and CommonJS modules as paths. */
export async function loadedModules(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", LIST_MODULES], {
    env: { ...process.env, ENTRY: pathToFileURL(file).href }
  });
  return stdout.trim().split("\n");
}
