import { basename } from "node:path";

/** One way to store the model, as it takes part in a comparison. */
export type Contender =
  /** Quantized by llama.cpp. */
  | { kind: "stock"; type: string }
  /** Converted with this share of 8-bit output channels. */
  | { kind: "mixllm"; percent8bit: number }
  /** Converted with as many 8-bit output channels as make this average over the decoder's linear weights. */
  | { kind: "mixllm"; bitsPerWeight: number }
  /** A GGUF that is there already. */
  | { kind: "file"; path: string };

/** What a contender is called in tables: `Q4_K_M`, `MixLLM p10`, `MixLLM 4.8`, `mine.gguf`. */
export function contenderName(contender: Contender): string {
  switch (contender.kind) {
    case "stock":
      return contender.type;
    case "mixllm":
      return `MixLLM ${"percent8bit" in contender ? `p${contender.percent8bit}` : contender.bitsPerWeight}`;
    case "file":
      return basename(contender.path);
  }
}
