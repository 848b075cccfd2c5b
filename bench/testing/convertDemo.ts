import { fileURLToPath } from "node:url";
import { convert } from "../../converter/testing/convert.js";

/** The bundled demo model in Hugging Face form. */
export const DEMO_DIRECTORY = fileURLToPath(new URL("../../models/demo", import.meta.url));

/** Writes the bundled demo model as an F16 GGUF. */
export async function convertDemo(output: string): Promise<void> {
  await convert({ source: DEMO_DIRECTORY, output, format: "f16" });
}
