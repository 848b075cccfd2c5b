import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { packageRoot } from "../common/package.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { convertDemo } from "./testing/convertDemo.js";

const run = promisify(execFile);
const readme = await readFile(path.join(packageRoot, "README.md"), "utf8");

/** Links and pictures of a page that lead to other files, without anchors. */
function linkedFiles(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map((match) => (match[1] ?? match[2] ?? "").replace(/#.*/, ""))
    .filter((link) => link !== "" && !/^[a-z]+:/.test(link));
}

test("every page in the package links only to what is in it", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: packageRoot });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const names = files.map((file) => file.path);
  const pages = names.filter((name) => name.endsWith(".md"));
  expect(pages).toEqual(expect.arrayContaining(["README.md", "CHANGELOG.md", "docs/format.md", "cpu/NOTES.md"]));
  const missing: string[] = [];
  for (const page of pages)
    for (const link of linkedFiles(await readFile(path.join(packageRoot, page), "utf8"))) {
      const target = path.posix.join(path.posix.dirname(page), link);
      const folder = target.endsWith("/") ? target : `${target}/`;
      if (!names.some((name) => name === target || name.startsWith(folder))) missing.push(`${page}: ${link}`);
    }
  expect(missing).toEqual([]);
});

test("the app that the README shows writes something and ends", async () => {
  const snippet = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const model = path.join(temporaryDirectory(), "demo.gguf");
  await convertDemo(model, "--method", "rtn", "--search", "weight_error", "--percent-8bit", "0");
  const app = snippet.replace('"model.mixllm.gguf"', JSON.stringify(model));
  expect(app).not.toBe(snippet);
  // From the package's own folder "mixllm" is the package itself.
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", app], {
    cwd: packageRoot,
    timeout: 60_000
  });
  expect(stdout.trim().length).toBeGreaterThan(20);
});

test("the versions that the README asks for are those of the package", async () => {
  const manifest = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8")) as {
    version: string;
    peerDependencies: Record<string, string>;
  };
  const peer = `node-llama-cpp@${manifest.peerDependencies["node-llama-cpp"]}`;
  expect(readme).toContain(`npm install --save-exact mixllm ${peer}\n`);
  expect(readme).toContain(`mixllm-${manifest.version}.tgz`);
});
