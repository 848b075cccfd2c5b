import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { LlamaModel, Token } from "node-llama-cpp";
import { packageRoot } from "../../common/package.js";

/** The first `count` tokens with which a model continues a prompt when it always takes the likeliest. */
export async function greedyTokens(model: LlamaModel, prompt: string, count: number): Promise<Token[]> {
  const context = await model.createContext({ contextSize: 256 });
  const tokens: Token[] = [];
  for await (const token of context.getSequence().evaluate(model.tokenize(prompt, true), { temperature: 0 }))
    if (tokens.push(token) >= count) break;
  await context.dispose();
  return tokens;
}

/** The logits a model gives after the last token of a text, likeliest first. */
export async function lastLogits(model: LlamaModel, text: string): Promise<Map<Token, number>> {
  const tokens = model.tokenize(text, true);
  const last = tokens.pop();
  if (last === undefined) throw new Error("there is no token to give logits after");
  const context = await model.createContext({ contextSize: 256 });
  const output = await context
    .getSequence()
    .controlledEvaluate([...tokens, [last, { generateNext: { logits: true } }]]);
  await context.dispose();
  return output.at(-1)?.next.logits ?? new Map();
}

const run = promisify(execFile);

/** What stock node-llama-cpp makes of a model: the tokens it generates greedily, or why it does not load it. */
export type StockOutcome = { tokens: number[] } | { error: string; log: string };

/** Generates greedily with node-llama-cpp's own llama.cpp, in another process. */
export async function runStock(modelPath: string, prompt: string, count: number): Promise<StockOutcome> {
  const script = path.join(packageRoot, "plugin", "testing", "stockGreedyTokens.js");
  const { stdout } = await run(process.execPath, [script, modelPath, prompt, String(count)]);
  return JSON.parse(stdout) as StockOutcome;
}
