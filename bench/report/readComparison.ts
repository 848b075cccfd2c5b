import { readFile } from "node:fs/promises";
import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import type { Comparison } from "../compare/Comparison.js";
import { readFailure } from "../../common/files/fileErrors.js";

const number = z.number();
const count = z.int().nonnegative();
const hashed = z.object({ file: z.string(), sha256: z.string() });

const quality = z.object({
  model: z.string(),
  perplexity: number,
  perplexityError: number,
  chunks: count,
  context: count,
  comparison: z
    .object({
      reference: z.string(),
      kld: z.object({ mean: number, meanError: number, median: number, p99: number, max: number }),
      top1Agreement: number,
      top1AgreementError: number,
      deltaPRms: number,
      deltaPRmsError: number
    })
    .optional()
});

const tensor = z.object({
  name: z.string(),
  layer: count.optional(),
  kind: z.string().optional(),
  outputChannels: count.positive(),
  inputChannels: count,
  channels8bit: count,
  experts: z.array(count).optional()
});

const model = z.object({
  name: z.string(),
  family: z.enum(["unquantized", "stock", "mixllm"]),
  origin: z.string(),
  file: z.string(),
  sha256: z.string(),
  fileBytes: count,
  bitsPerWeight: number,
  tensors: z.array(tensor).optional(),
  quality,
  speed: z.array(
    z.object({
      model: z.string(),
      type: z.string(),
      test: z.string(),
      threads: count,
      gpuLayers: count,
      tokensPerSecond: z.object({ median: number, mean: number, sd: number })
    })
  ),
  footprint: z.object({
    loadSeconds: number,
    firstTokenSeconds: number,
    peakMemoryBytes: number,
    videoMemoryBytes: number.nullable()
  })
});

const comparison = z.object({
  version: z.literal(1),
  date: z.iso.datetime(),
  source: z.string(),
  sourceSha256: z.string(),
  text: hashed,
  calibration: hashed.optional(),
  settings: z.object({ threads: count, repeat: count }),
  machine: z.object({ cpu: z.string(), cores: count, memoryBytes: count, system: z.string() }),
  versions: z.object({
    mixllm: z.string(),
    nodeLlamaCpp: z.string(),
    llamaCpp: z.string(),
    node: z.string(),
    runtime: z.string()
  }),
  command: z.array(z.string()),
  models: z.array(model).min(1)
});

/**
 * Reads a comparison that `compare` has written.
 *
 * @throws {InvalidInputError} it cannot be read, or is none; says where it is not as it should be
 */
export async function readComparison(path: string): Promise<Comparison> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw notComparison(path, "it is not JSON");
    throw readFailure(path, error);
  }
  const result = comparison.safeParse(json);
  // As it was read: fields of a later release stay.
  if (result.success) return json as Comparison;
  const [{ path: place, message }] = result.error.issues as [z.core.$ZodIssue];
  throw notComparison(path, `${place.join(".") || "the whole"}: ${message}`);
}

function notComparison(path: string, reason: string): InvalidInputError {
  return new InvalidInputError(`${path} is no comparison: ${reason}`, {
    fix: "Give the comparison.json that mixllm-bench compare has written."
  });
}
