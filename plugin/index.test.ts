import path from "node:path";
import { expect, test } from "vitest";
import * as commonErrors from "../common/errors.js";
import { packageRoot } from "../common/package.js";
import * as pluginErrors from "./errors.js";
import * as api from "./index.js";
import { loadedModules } from "./testing/loadedModules.js";

test("every error that is thrown can be told from others", () => {
  const names = [...Object.keys(commonErrors), ...Object.keys(pluginErrors)];
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(api)).toEqual(expect.arrayContaining(names));
});

test("an app loads no more packages than it needs to get its Llama", async () => {
  const modules = await loadedModules(path.join(packageRoot, "dist/plugin/index.js"));
  expect(modules.filter((module) => module.includes("/dist/plugin/api/getMixLlama.js"))).toHaveLength(1);
  const ours = modules.filter((module) => module.includes("/dist/") && !module.includes("/node_modules/"));
  expect(ours.filter((module) => /\/dist\/(bench|converter|common\/charts)\//.test(module))).toEqual([]);
  // Each package by the name of its own folder, whatever brought it.
  const packages = modules.map((module) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1]);
  for (const name of ["@observablehq/plot", "linkedom", "zod", "commander", "yaml", "protobufjs", "node-llama-cpp"])
    expect(packages, name).not.toContain(name);
});
