import { readFileSync } from "node:fs";
import type { LoadHook } from "node:module";
import { fileURLToPath } from "node:url";

/** Where node-llama-cpp's `getLlama` is, for its own commands as for those who import the package. */
const GET_LLAMA = "/dist/bindings/getLlama.js";

/** Marks the URL under which the module that was replaced can still be imported. */
const ORIGINAL = "mixllm-original";

/**
 * A hook of Node's module loader that puts ours in the place of node-llama-cpp's `getLlama`. Nothing of ours is loaded before an
 * app calls it. Serves Node's asynchronous and its synchronous hooks.
 */
export const load: LoadHook = (url, context, nextLoad) => {
  if (!isGetLlama(url)) return nextLoad(url, context);
  const original = JSON.stringify(`${url}?${ORIGINAL}`);
  const instead = JSON.stringify(new URL("getLlamaInstead.js", import.meta.url).href);
  return {
    format: "module",
    shortCircuit: true,
    // A module's own exports come before those that it passes on. A function, so that modules that import each other get it.
    source: `
      export * from ${original};
      export async function getLlama(...options) {
        const { getLlamaInstead } = await import(${instead});
        return getLlamaInstead(${original}, ...options);
      }
    `
  };
};

function isGetLlama(url: string): boolean {
  if (!url.startsWith("file:") || !url.endsWith(GET_LLAMA)) return false;
  try {
    const manifest = readFileSync(fileURLToPath(`${url.slice(0, -GET_LLAMA.length)}/package.json`), "utf8");
    return (JSON.parse(manifest) as { name?: unknown }).name === "node-llama-cpp";
  } catch {
    return false;
  }
}
