import type { LlamaModel, Token } from "node-llama-cpp";

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
