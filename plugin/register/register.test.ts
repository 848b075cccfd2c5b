import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { NoKernelsForGpuError } from "../errors.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { convertDemo } from "../testing/convertDemo.js";
import { getLlamaInstead } from "./getLlamaInstead.js";
import { withRegisterOption } from "./withRegisterOption.js";

const run = promisify(execFile);
const directory = temporaryDirectory();
const model = path.join(directory, "model.gguf");
const register = pathToFileURL(path.join(packageRoot, "dist", "plugin", "register", "register.js")).href;
const mixllm = path.join(packageRoot, "dist", "plugin", "cli", "mixllm.js");

/** What an app does that knows nothing of MixLLM; `import()` is how CommonJS comes to node-llama-cpp. */
const APP = `
const print = async ({ getLlama, LlamaCompletion }, gpu = false) => {
  const llama = await getLlama({ gpu, logLevel: "error" });
  const model = await llama.loadModel({ modelPath: process.env.MODEL });
  const context = await model.createContext({ contextSize: 64 });
  const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
  const text = await completion.generateCompletion("The configuration file", { maxTokens: 6, temperature: 0 });
  console.log(JSON.stringify({ cmakeOptions: Object.keys(llama.cmakeOptions), text }));
  await llama.dispose();
};
`;
const APPS = {
  "app.mjs": `import * as nodeLlamaCpp from "node-llama-cpp"; ${APP} await print(nodeLlamaCpp);`,
  "app.cjs": `${APP} import("node-llama-cpp").then(print);`,
  "last.mjs": `import * as nodeLlamaCpp from "node-llama-cpp"; ${APP.replace("getLlama({", 'getLlama("lastBuild", {')} await print(nodeLlamaCpp);`,
  "worker.mjs": `import { Worker } from "node:worker_threads"; new Worker(new URL("app.mjs", import.meta.url));`,
  "bareWorker.mjs": `import { Worker } from "node:worker_threads"; new Worker(new URL("app.mjs", import.meta.url), { execArgv: [] });`,
  "fork.cjs": `require("node:child_process").fork(require.resolve("./app.mjs"));`,
  "spawn.cjs": `require("node:child_process").spawn(process.execPath, [require.resolve("./app.cjs")], { stdio: "inherit" });`
};
const OUTCOME = { cmakeOptions: ["MIXLLM"], text: expect.stringMatching(/\S/) as unknown };

beforeAll(async () => {
  await convertDemo(model, "--method", "rtn", "--search", "weight_error");
  for (const [name, source] of Object.entries(APPS)) await writeFile(path.join(directory, name), source);
  await mkdir(path.join(directory, "node_modules"));
  await symlink(nodeLlamaCpp().directory, path.join(directory, "node_modules", "node-llama-cpp"), "junction");
});

async function output(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, MODEL: model };
  return (await run(program, [...args], { cwd: directory, env, timeout: 60_000 })).stdout;
}

test.each(Object.keys(APPS))("%s runs a MixLLM file, unchanged", async (name) => {
  const stdout = await output(process.execPath, ["--import", register, path.join(directory, name)]);
  expect(JSON.parse(stdout)).toEqual(OUTCOME);
});

test("without it, the same app does not", async () => {
  await expect(output(process.execPath, [path.join(directory, "app.mjs")])).rejects.toThrow("Failed to load model");
});

test("`mixllm run` hands it to whatever the program starts, and gives its exit code", async () => {
  const stdout = await output(process.execPath, [
    mixllm,
    "run",
    "--",
    process.execPath,
    path.join(directory, "spawn.cjs")
  ]);
  expect(JSON.parse(stdout)).toEqual(OUTCOME);
  const failing = output(process.execPath, [mixllm, "run", "--", process.execPath, "--eval", "process.exit(7)"]);
  await expect(failing).rejects.toMatchObject({ code: 7 });
  const missing = output(process.execPath, [mixllm, "run", "--", "no-such-program"]);
  await expect(missing).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no such program") as unknown
  });
});

test("node-llama-cpp's own commands run a MixLLM file", async () => {
  const cli = path.join(nodeLlamaCpp().directory, "dist", "cli", "cli.js");
  const args = ["--import", register, cli, "complete", model, "--text", "The configuration file"];
  // It goes on asking for text after its answer and ends with its input.
  const running = run(process.execPath, [...args, "--maxTokens", "6", "--temperature", "0"], { cwd: directory });
  running.child.stdin?.end();
  const { stdout } = await running;
  expect(stdout).toMatch(/MixLLM W\S+A8/);
  expect(stdout).toMatch(/Completion:.*\S/);
});

test("NODE_OPTIONS keeps what it holds and gets the option once", () => {
  const once = withRegisterOption("--max-old-space-size=4096");
  expect(once).toMatch(/^--max-old-space-size=4096 --import=file:.*register\.js$/);
  expect(withRegisterOption(once)).toBe(once);
  expect(withRegisterOption()).toMatch(/^--import=file:/);
});

test.each([["vulkan"], ["metal"], [{ type: "auto", exclude: [false, "cuda"] }]] as const)(
  "an app that asks for %j gets node-llama-cpp's own, which tells MixLLM files apart",
  async (gpu) => {
    // A node-llama-cpp that has that GPU.
    const root = path.join(temporaryDirectory(), "node-llama-cpp");
    const original = path.join(root, "dist", "bindings", "getLlama.js");
    await mkdir(path.dirname(original), { recursive: true });
    await writeFile(
      original,
      `export const getLlama = async (options) =>
      ({ gpu: "vulkan", options, loadModel: async ({ modelPath }) => "loaded " + modelPath });`
    );
    const { directory: installed, version } = nodeLlamaCpp();
    await writeFile(
      path.join(root, "package.json"),
      JSON.stringify({ name: "node-llama-cpp", version, type: "module" })
    );
    await symlink(path.join(installed, "llama"), path.join(root, "llama"), "junction");
    await writeFile(path.join(root, "dist", "config.js"), 'export const defaultLlamaCppGpuSupport = "auto";');

    const options = { gpu: typeof gpu === "string" ? gpu : { type: gpu.type, exclude: [...gpu.exclude] } };
    const llama = await getLlamaInstead(pathToFileURL(original).href, options);
    expect(llama).toMatchObject({ options });
    await expect(llama.loadModel({ modelPath: model })).rejects.toThrow(NoKernelsForGpuError);
    const stock = path.join(directory, "app.mjs");
    expect(await llama.loadModel({ modelPath: stock })).toBe(`loaded ${stock}`);
  }
);

test("the package exports it", async () => {
  const manifest = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  expect(pathToFileURL(path.join(packageRoot, manifest.exports["./register"]?.default ?? "")).href).toBe(register);
});
