import type { CalibrationSession } from "../calibration/CalibrationSession.js";
import { encodeTensorFile, floatArray, floatsOf, readTensorFile } from "../checkpoint/tensorFile.js";
import type { ConversionContext } from "../ConversionContext.js";
import type { WeightFactors } from "../MethodAddon.js";

/** What weights' values are multiplied with, powers of two, by GGUF name of the weight. */
export type Equalization = ReadonlyMap<string, WeightFactors>;

/** Whether activations are equalized where that helps. */
export const EQUALIZATION_MODES = ["auto", "off"] as const;

export type EqualizationMode = (typeof EQUALIZATION_MODES)[number];

/** Name of the work file with the factors of a section's weights; blocks are counted from 0. */
const factorsFile = (section: number): string => `equalization.${section - 1}.safetensors`;

/**
 * Finds by how much the model's activations are to be equalized, layer by layer, before they and the weights are rounded: see
 * `equalize_section.h`. The float model computes the same to the bit with and without it.
 *
 * @param quantized names of the linears that will be quantized
 */
export async function equalize(
  session: CalibrationSession,
  quantized: ReadonlySet<string>,
  context: ConversionContext
): Promise<Equalization> {
  const { work, last, graph } = session;
  const before = (section: number, detail: string): void => {
    context.signal.throwIfAborted();
    context.progress(Math.max(0, section - 1) / (last - 1), detail);
  };
  const equalization = new Map<string, WeightFactors>();
  for (let section = 1; section < last; section++) {
    const linears = (graph.sections[section]?.weights ?? []).filter((name) => quantized.has(name));
    if (!work.has(factorsFile(section))) {
      const inputs = await session.inputs(section, before, "few");
      const detail = `layer ${session.nameOf(section)}`;
      before(section, detail);
      const call = await session.section(section, "few");
      const found = await work.step(`equalizing ${detail}`, () => context.addon.equalizeSection(call, linears, inputs));
      await work.write(factorsFile(section), encode(found));
    }
    for (const [name, factors] of await decode(work.file(factorsFile(section)))) equalization.set(name, factors);
  }
  return equalization;
}

function encode(found: Readonly<Record<string, WeightFactors>>): Uint8Array {
  const arrays = Object.entries(found).flatMap(([name, { columns, rows }]) => [
    floatArray(`${name}.columns`, columns),
    floatArray(`${name}.rows`, rows)
  ]);
  return encodeTensorFile(arrays);
}

async function decode(file: string): Promise<Equalization> {
  const { arrays } = await readTensorFile(file, "Run the same command again: it equalizes the layer again.");
  const found = new Map<string, WeightFactors>();
  for (const [key, data] of arrays) {
    if (!key.endsWith(".columns")) continue;
    const name = key.slice(0, -".columns".length);
    found.set(name, { columns: floatsOf(data), rows: floatsOf(arrays.get(`${name}.rows`) ?? new Uint8Array(0)) });
  }
  return found;
}
