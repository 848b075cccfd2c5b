import { basename } from "node:path";

/** One way to store the model, as it takes part in a comparison. */
export type Contender =
  /** Quantized by llama.cpp. */
  | { kind: "stock"; type: string }
  /** Converted with this share of 8-bit output channels. */
  | { kind: "mixllm"; percent8bit: number }
  /** A GGUF that is there already. */
  | { kind: "file"; path: string };

/** What a contender is called in tables: `Q4_K_M`, `MixLLM p10`, `mine.gguf`. */
export function contenderName(contender: Contender): string {
  switch (contender.kind) {
    case "stock":
      return contender.type;
    case "mixllm":
      return `MixLLM p${contender.percent8bit}`;
    case "file":
      return basename(contender.path);
  }
}
