import { execFile } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import * as commonErrors from "../common/errors.js";
import { packageRoot } from "../common/package.js";
import * as pluginErrors from "./errors.js";
import * as api from "./index.js";

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

test("every error that is thrown can be told from others", () => {
  const names = [...Object.keys(commonErrors), ...Object.keys(pluginErrors)];
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(api)).toEqual(expect.arrayContaining(names));
});

test("an app loads no more packages than it needs to get its Llama", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", LIST_MODULES], {
    env: { ...process.env, ENTRY: pathToFileURL(path.join(packageRoot, "dist/plugin/index.js")).href }
  });
  const modules = stdout.trim().split("\n");
  expect(modules.filter((module) => module.includes("/dist/plugin/api/getMixLlama.js"))).toHaveLength(1);
  const ours = modules.filter((module) => module.includes("/dist/") && !module.includes("/node_modules/"));
  expect(ours.filter((module) => /\/dist\/(bench|converter|common\/charts)\//.test(module))).toEqual([]);
  // Each package by the name of its own folder, whatever brought it.
  const packages = modules.map((module) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1]);
  for (const name of ["@observablehq/plot", "linkedom", "zod", "commander", "yaml", "protobufjs", "node-llama-cpp"])
    expect(packages, name).not.toContain(name);
});
