import type { LlamaModel, Token } from "node-llama-cpp";

/** The first `count` tokens with which a model continues a prompt when it always takes the likeliest. */
export async function greedyTokens(model: LlamaModel, prompt: string, count: number): Promise<Token[]> {
  const context = await model.createContext({ contextSize: 256 });
  const tokens: Token[] = [];
  for await (const token of context.getSequence().evaluate(model.tokenize(prompt, true), { temperature: 0 }))
    if (tokens.push(token) >= count) break;
  await context.dispose();
  return tokens;
}
