import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { NodeLlamaCppVersionError } from "../errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { nodeLlamaCpp } from "./nodeLlamaCpp.js";

async function packageWith(installedVersion: string | undefined): Promise<string> {
  const root = temporaryDirectory();
  await writeFile(
    path.join(root, "package.json"),
    JSON.stringify({ name: "mixllm", peerDependencies: { "node-llama-cpp": "3.22.1" } })
  );
  if (installedVersion !== undefined) {
    const directory = path.join(root, "node_modules", "node-llama-cpp");
    await mkdir(path.join(directory, "dist"), { recursive: true });
    await mkdir(path.join(directory, "llama"));
    await writeFile(path.join(directory, "dist", "index.js"), "");
    await writeFile(path.join(directory, "llama", "binariesGithubRelease.json"), '{"release": "v0.5.0"}');
    await writeFile(
      path.join(directory, "package.json"),
      JSON.stringify({ name: "node-llama-cpp", version: installedVersion, exports: { ".": "./dist/index.js" } })
    );
  }
  return root;
}

test("finds the installed package", async () => {
  const root = await packageWith("3.22.1");
  expect(nodeLlamaCpp(root)).toMatchObject({ version: "3.22.1", llamaCppRelease: "v0.5.0" });
});

test.each(["3.22.0", "3.23.0", "4.0.0-beta.1"])("refuses version %s and says what to install", async (version) => {
  const root = await packageWith(version);
  expect(() => nodeLlamaCpp(root)).toThrow(NodeLlamaCppVersionError);
  expect(() => nodeLlamaCpp(root)).toThrow(`needs node-llama-cpp 3.22.1, and ${version} is installed`);
  expect(() => nodeLlamaCpp(root)).toThrow(
    expect.objectContaining({
      fix: expect.stringContaining("npm install --save-exact node-llama-cpp@3.22.1") as unknown
    })
  );
});

test("says when it is not installed at all", async () => {
  const root = await packageWith(undefined);
  expect(() => nodeLlamaCpp(root)).toThrow("node-llama-cpp 3.22.1 is not installed");
});
