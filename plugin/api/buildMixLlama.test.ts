import { expect, test } from "vitest";
import { buildMixLlama } from "./buildMixLlama.js";

test.each([
  [{ forse: true }, 'buildMixLlama has no option "forse"'],
  [{ force: "false" }, 'The option "force" of buildMixLlama takes true, false and received "false"'],
  [{ gpu: true }, 'The option "gpu" of buildMixLlama takes "auto", "cuda", false and received true'],
  [null, "buildMixLlama takes an object of options and received null"]
])("%j is refused before anything is built", async (options, message) => {
  await expect(buildMixLlama(options as never)).rejects.toThrow(message);
});
