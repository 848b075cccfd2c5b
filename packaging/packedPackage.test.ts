import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { isBuiltin } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { answerAsHub } from "../converter/testing/answerAsHub.js";
import { readSentencePieceModel as readModel } from "../converter/tokenizers/readSentencePieceModel.js";
import { loadedModules } from "../plugin/testing/loadedModules.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";

const run = promisify(execFile);

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8")) as Manifest;
const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

/** An app in which the package is installed as packed, and beside it what it depends on and no more. */
const app = temporaryDirectory();
const root = path.join(app, "node_modules", "mixllm");
let tarball: string;

beforeAll(async () => {
  // Packing builds `dist/` anew, which other tests use meanwhile.
  const copy = path.join(app, "copy");
  const left = new Set(["node_modules", "dist", "models", ".git"].map((name) => path.join(packageRoot, name)));
  await cp(packageRoot, copy, { recursive: true, filter: (file) => !left.has(file) });
  await link(path.join(packageRoot, "node_modules"), path.join(copy, "node_modules"));
  const shell = process.platform === "win32";
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", app], { cwd: copy, shell });
  tarball = path.join(app, stdout.trim());
  await mkdir(root, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", root, "--strip-components=1"]);
  for (const name of installed)
    await link(path.join(packageRoot, "node_modules", name), path.join(app, "node_modules", name));
});

async function link(target: string, file: string): Promise<void> {
  await symlink(target, file, "junction");
}

/** What a command of the package writes to its output, run from where the package lies. */
async function command(from: string, name: string, ...args: string[]): Promise<string> {
  const program = path.join(from, manifest.bin[name] ?? "");
  const { stdout } = await run(process.execPath, [program, ...args], {
    cwd: app,
    env: { ...process.env, HF_HOME: path.join(app, "huggingface") }
  });
  return stdout;
}

/** Runs a command of the package as packed, and as built, and tells what both write. */
const both = (name: string, ...args: string[]): Promise<string[]> =>
  Promise.all([root, packageRoot].map((from) => command(from, name, ...args)));

async function javascript(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.endsWith(".js")).map((file) => path.join(folder, file));
}

test.each(Object.keys(manifest.bin))("%s --help says what it says unpacked", async (name) => {
  const [packed, built] = await both(name, "--help");
  expect(packed).toContain(`Usage: ${name} `);
  expect(packed).toBe(built);
});

describe("a model", () => {
  let server: Server;
  const model = path.join(app, "demo.gguf");

  beforeAll(async () => {
    const source = path.join(packageRoot, "models", "demo");
    const names = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"];
    const files: Record<string, Buffer> = { "README.md": Buffer.from("---\nlicense: apache-2.0\n---\n\nA demo.\n") };
    for (const name of names) files[name] = await readFile(path.join(source, name));
    server = createServer((request, response) => answerAsHub(files, request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rounding = ["--method", "rtn", "--search", "weight_error", "--quiet"];
    await command(root, "mixllm-convert", "hf:org/model", "--endpoint", endpoint, "-o", model, ...rounding);
  });

  afterAll(() => void server.close());

  test("is downloaded and converted, with what its card says", async () => {
    const [packed, built] = await both("mixllm", "inspect", model, "--json");
    expect(packed).toBe(built);
    expect((await readFile(model)).includes("apache-2.0")).toBe(true);
  });

  test("is drawn", async () => {
    const pages = [];
    for (const [from, name] of [
      [root, "packed.html"],
      [packageRoot, "built.html"]
    ] as const) {
      await command(from, "mixllm", "inspect", model, "-o", name);
      pages.push(await readFile(path.join(app, name), "utf8"));
    }
    expect(pages[0]).toContain("<svg");
    expect(pages[0]).toBe(pages[1]);
  });

  test("is refused in the same words where it cannot be read", async () => {
    const config = path.join(packageRoot, "models", "demo", "config.json");
    const failed = { code: 1, stderr: expect.stringContaining(`${config} is not a GGUF file`) as unknown };
    await expect(command(root, "mixllm", "inspect", config)).rejects.toMatchObject(failed);
  });

  test("writes text in the app of the README", async () => {
    const readme = await readFile(path.join(packageRoot, "README.md"), "utf8");
    const snippet = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
    const program = snippet.replace('"model.mixllm.gguf"', JSON.stringify(model));
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: app });
    expect(stdout.trim().length).toBeGreaterThan(20);
  });
});

test("a comparison's report is written as it is unpacked", async () => {
  const comparison = path.join(packageRoot, "bench", "results", "demo", "comparison.json");
  await command(root, "mixllm-bench", "report", comparison, "-o", "packed");
  await command(packageRoot, "mixllm-bench", "report", comparison, "-o", "built");
  const names = await readdir(path.join(app, "built"));
  expect(names).toContain("report.html");
  for (const name of names)
    expect(await readFile(path.join(app, "packed", name), "utf8"), name).toBe(
      await readFile(path.join(app, "built", name), "utf8")
    );
});

test("a SentencePiece model is read", async () => {
  const module = pathToFileURL(path.join(root, "dist/converter/tokenizers/readSentencePieceModel.js")).href;
  const { readSentencePieceModel } = (await import(module)) as { readSentencePieceModel: typeof readModel };
  const file = path.join(packageRoot, "testing/forms/tokenizers/llama.model");
  expect(readSentencePieceModel(await readFile(file), file)).toEqual(readModel(await readFile(file), file));
});

test("an app loads no library that is bundled but one for folders, and of this package what it loads unpacked", async () => {
  const ours = async (from: string): Promise<string[]> => {
    const dist = pathToFileURL(path.join(from, "dist/")).href;
    const modules = await loadedModules(path.join(from, "dist/plugin/index.js"));
    return modules.filter((url) => url.startsWith(dist)).map((url) => url.slice(dist.length));
  };
  const packed = await ours(root);
  const libraries = packed.filter((file) => file.startsWith("libraries/"));
  expect(packed.filter((file) => !libraries.includes(file)).sort()).toEqual((await ours(packageRoot)).sort());
  // What all bundles share to load CommonJS.
  for (const file of libraries) expect((await stat(path.join(root, "dist", file))).size, file).toBeLessThan(5000);
});

test("nothing is imported that is not installed with it", async () => {
  const specifiers = new Set<string>();
  for (const file of await javascript(path.join(root, "dist"))) {
    const text = await readFile(file, "utf8");
    for (const [, name] of text.matchAll(/^(?:import|export)\b(?:[^"';]* from)? "([^"]+)";$/gm))
      specifiers.add(name ?? "");
    for (const [, name] of text.matchAll(/\bawait import\("([^"]+)"\)/g)) specifiers.add(name ?? "");
  }
  const foreign = [...specifiers].filter((name) => !name.startsWith(".") && !isBuiltin(name));
  expect(foreign.sort()).toEqual(["chalk", "node-llama-cpp", "ora", "proper-lockfile"]);
});

test("no file requires a library that is bundled: only imports are followed", async () => {
  const required = new Set<string>();
  for (const file of await javascript(path.join(packageRoot, "dist")))
    for (const [, name] of (await readFile(file, "utf8")).matchAll(/\brequire(?:\.resolve)?\("([^"]+)"\)/g))
      required.add(name ?? "");
  const foreign = [...required].filter((name) => !isBuiltin(name));
  expect(foreign.sort()).toEqual(["cmake-js/bin/cmake-js", "node-addon-api/package.json"]);
});

test("what is declared to apps names no library that is bundled", async () => {
  const seen = new Set<string>();
  const follow = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name = ""] of (await readFile(file, "utf8")).matchAll(/(?:from|import\() ?"([^"]+)"/g))
      if (name.startsWith(".")) await follow(path.join(path.dirname(file), name.replace(/\.js$/, ".d.ts")));
      else expect(isBuiltin(name) || installed.includes(name), `${name} in ${file}`).toBe(true);
  };
  await follow(path.join(root, "dist/plugin/index.d.ts"));
  await follow(path.join(root, "dist/plugin/register/register.d.ts"));
  expect(seen.size).toBeGreaterThan(5);
});

test("the licenses of the bundled libraries are in it", async () => {
  const licenses = await readFile(path.join(root, "dist/libraries/LICENSES.txt"), "utf8");
  for (const name of ["@huggingface/hub", "@observablehq/plot", "commander", "d3-scale", "linkedom", "yaml", "zod"])
    expect(licenses).toMatch(new RegExp(`^${name} [\\d.]+ \\([\\w-]+\\)\n\n.*\\S`, "m"));
  for (const name of ["node-llama-cpp", "esbuild", ...Object.keys(manifest.dependencies)])
    expect(licenses).not.toMatch(new RegExp(`^${name} `, "m"));
});

test("it weighs no more than a few megabytes", async () => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(path.join(entry.parentPath, entry.name)));
  expect((await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0)).toBeLessThan(6e6);
});

test("a release has the same files, and lists platform packages where a clone lists none", async () => {
  const released = path.join(app, "released", path.basename(tarball));
  const extracted = path.join(app, "extracted");
  await mkdir(path.dirname(released));
  await mkdir(extracted);
  await cp(tarball, released);
  await run(process.execPath, [path.join(packageRoot, "packaging", "listPlatformPackages.js"), released]);
  await run("tar", ["-xzf", released, "-C", extracted, "--strip-components=1"]);
  const names = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).sort();
  expect(await names(extracted)).toEqual(await names(root));
  const read = async (folder: string): Promise<unknown> =>
    JSON.parse(await readFile(path.join(folder, "package.json"), "utf8")) as unknown;
  expect(await read(root)).not.toHaveProperty("optionalDependencies");
  expect(await read(extracted)).toEqual({ ...((await read(root)) as object), optionalDependencies: {} });
});
