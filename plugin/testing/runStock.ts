import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../common/package.js";

const run = promisify(execFile);

/** What stock node-llama-cpp makes of a model: the tokens it generates greedily, or why it does not load it. */
export type StockOutcome = { tokens: number[] } | { error: string; log: string };

/** Generates greedily with node-llama-cpp's own llama.cpp, in another process. */
export async function runStock(modelPath: string, prompt: string, count: number): Promise<StockOutcome> {
  const script = path.join(packageRoot, "plugin", "testing", "stockGreedyTokens.js");
  const { stdout } = await run(process.execPath, [script, modelPath, prompt, String(count)]);
  return JSON.parse(stdout) as StockOutcome;
}
