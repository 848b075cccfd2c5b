import type { ComparedModel } from "../compare/Comparison.js";

/** How contenders are told apart by colour and shape. */
export type Family = ComparedModel["family"];

export const families: Readonly<
  Record<Family, { label: string; colour: string; symbol: "diamond2" | "circle" | "square" }>
> = {
  mixllm: { label: "MixLLM", colour: "var(--mixllm)", symbol: "diamond2" },
  stock: { label: "llama.cpp", colour: "var(--stock)", symbol: "circle" },
  unquantized: { label: "unquantized", colour: "var(--unquantized)", symbol: "square" }
};
