// Runs a model with node-llama-cpp's own llama.cpp, in a process of its own, and prints the outcome as JSON:
//   node stockGreedyTokens.js <model> <prompt> <number of tokens>
// gives {"tokens": [...]}, or {"error": "...", "log": "..."} when the model does not load.
import { getLlama } from "node-llama-cpp";

const [modelPath, prompt, count] = process.argv.slice(2);
const log = [];
const llama = await getLlama({
  gpu: false,
  maxThreads: 1,
  build: "never",
  logLevel: "info",
  logger: (level, message) => log.push(`${level}: ${message}`)
});
try {
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 256 });
  const tokens = [];
  for await (const token of context.getSequence().evaluate(model.tokenize(prompt, true), { temperature: 0 }))
    if (tokens.push(token) >= Number(count)) break;
  console.log(JSON.stringify({ tokens }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message, log: log.join("\n") }));
} finally {
  await llama.dispose();
}
