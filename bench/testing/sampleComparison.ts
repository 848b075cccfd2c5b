import type { ComparedModel, Comparison } from "../compare/Comparison.js";

/** What a figure needs: name, MiB, mean KL divergence, tokens per second in pp512 and tg64. */
type Sketch = [name: string, mebibytes: number, kld: number, prompt: number, generation: number];

const SKETCHES: readonly Sketch[] = [
  ["F16", 7.07, 0, 6000, 300],
  ["MixLLM p0", 2.2, 0.00318, 9000, 420],
  ["MixLLM p20", 2.68, 0.00123, 8800, 400],
  ["Q8_0", 3.79, 0.00017, 5500, 380],
  ["Q5_K_M", 2.6, 0.0015, 3100, 390],
  ["Q4_K_M", 2.28, 0.0037, 6900, 410],
  ["Q4_0", 2.17, 0.0061, 7000, 430],
  ["IQ4_XS", 2.07, 0.0052, 7100, 440]
];

/** A comparison as it might come out, with two MixLLM models of `layers` layers. */
export function sampleComparison(layers = 4): Comparison {
  return {
    version: 1,
    date: "2026-01-02T03:04:05.678Z",
    source: "models/demo",
    sourceSha256: "5".repeat(64),
    text: { file: "text.txt", sha256: "7".repeat(64) },
    calibration: { file: "calibration.txt", sha256: "c".repeat(64) },
    settings: { threads: 2, repeat: 5 },
    machine: { cpu: "A CPU", cores: 2, memoryBytes: 16 * 2 ** 30, system: "Linux 6.1 x64" },
    versions: { mixllm: "0.1.0", nodeLlamaCpp: "3.22.1", llamaCpp: "v0.5.0", node: "20.20.2", runtime: "0123456789ab" },
    command: ["compare", "models/demo", "--text", "my text.txt"],
    models: SKETCHES.map((sketch, i) => modelOf(sketch, i, layers))
  };
}

function modelOf([name, mebibytes, kld, prompt, generation]: Sketch, index: number, layers: number): ComparedModel {
  const file = `models/${name.replace(" ", "-")}.gguf`;
  const family = index === 0 ? "unquantized" : name.startsWith("MixLLM") ? "mixllm" : "stock";
  const speed = (test: string, mean: number) => ({
    model: file,
    type: name,
    test,
    threads: 2,
    gpuLayers: 0,
    tokensPerSecond: { median: mean, mean, sd: 0.03 * mean }
  });
  return {
    name,
    family,
    file,
    origin: family === "mixllm" ? `mixllm-convert models/demo -o ${file}` : "llama.cpp's quantizer",
    sha256: String(index).repeat(64),
    fileBytes: Math.round(mebibytes * 2 ** 20),
    bitsPerWeight: (16 * mebibytes) / 7.07,
    ...(family === "mixllm" ? { tensors: tensorsOf(name === "MixLLM p0" ? 0 : 1, layers) } : {}),
    quality: {
      model: file,
      perplexity: 18.45 + kld,
      perplexityError: 0.45,
      chunks: 40,
      context: 512,
      ...(index === 0
        ? {}
        : {
            comparison: {
              reference: "models/F16.gguf",
              kld: { mean: kld, meanError: 0.01 * kld, median: 0.6 * kld, p99: 6 * kld, max: 20 * kld },
              top1Agreement: 0.97,
              top1AgreementError: 0.002,
              deltaPRms: 0.01,
              deltaPRmsError: 0.0002
            }
          })
    },
    speed: [speed("pp512", prompt), speed("tg64", generation)],
    footprint: {
      loadSeconds: 0.01,
      firstTokenSeconds: 0.04 + 0.01 * index,
      videoMemoryBytes: null,
      peakMemoryBytes: 90 * 2 ** 20 + Math.round(mebibytes * 2 ** 20)
    }
  };
}

const KINDS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];

/** Weights of 160 output channels, of which by layer and kind up to all have 8 bits. */
function tensorsOf(scale: number, layers: number): NonNullable<ComparedModel["tensors"]> {
  return Array.from({ length: layers }, (_, layer) =>
    KINDS.map((kind, i) => ({
      name: `blk.${layer}.${kind}.weight`,
      layer,
      kind,
      outputChannels: 160,
      inputChannels: 128,
      channels8bit: scale * 16 * ((layer * 3 + i * 2) % 11)
    }))
  ).flat();
}
