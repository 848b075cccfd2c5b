import path from "node:path";
import { formatBytes } from "../../cli/formatBytes.js";
import { componentsOf } from "../format/componentsOf.js";
import type { MixLlmFileInfo } from "../format/MixLlmFileInfo.js";
import type { MixLlmTensor } from "../format/MixLlmTensor.js";
import { ggmlTypeSize } from "../gguf/ggmlTypeSize.js";
import type { GgufHeader } from "../gguf/GgufHeader.js";
import { formatTable } from "../../cli/formatTable.js";

/** Text for people about a MixLLM file: its origin, and its 8-bit share and size by kind of weight and by layer. */
export function describeMixLlmFile(file: string, header: GgufHeader, info: MixLlmFileInfo): string {
  const architecture = header.metadata.get("general.architecture");
  const name = header.metadata.get("general.name");
  const facts: [string, string][] = [
    ["file", `${path.basename(file)}, ${formatBytes(header.fileSize)}`],
    ["model", [name, architecture].filter((part) => typeof part === "string").join(", ") || "unnamed"],
    ["weights", `${info.bitsPerWeight.toFixed(2)} bits each, ${info.percent8bit.toFixed(1)} % of channels in 8 bits`],
    ["groups", `${info.groupSize} inputs`],
    ["method", `${info.method}, 8-bit channels by ${info.search}`],
    ["calibration", info.calibration]
  ];
  const kinds = groupBy(info.tensors, (tensor) => layerAndKind(tensor.name).kind);
  const layers = groupBy(info.tensors, (tensor) => layerAndKind(tensor.name).layer);
  const bytes = componentBytes(header);
  return [
    facts.map(([title, text]) => `${title.padEnd(13)}${text}\n`).join(""),
    summaryTable("kind", kinds, bytes),
    summaryTable("layer", layers, bytes),
    otherTensorsTable(header)
  ].join("\n");
}

function summaryTable(
  title: string,
  groups: ReadonlyMap<string, readonly MixLlmTensor[]>,
  bytes: ReadonlyMap<string, number>
): string {
  const all = [...groups.values()].flat();
  const rows = [...groups, ["all", all] as const].map(([label, tensors]) => {
    const channels = sum(tensors.map((tensor) => tensor.outputFeatures));
    const channels8bit = sum(tensors.map((tensor) => tensor.features8bit));
    const weights = sum(tensors.map((tensor) => tensor.outputFeatures * tensor.inputFeatures));
    const size = sum(tensors.map((tensor) => bytes.get(tensor.name) ?? 0));
    return [
      label,
      String(channels),
      String(channels8bit),
      `${((100 * channels8bit) / channels).toFixed(1)} %`,
      ((8 * size) / weights).toFixed(2),
      formatBytes(size)
    ];
  });
  return formatTable([title, "channels", "8-bit", "share", "bits/weight", "size"], rows);
}

/** Stock tensors of the file (embeddings, norms, biases) by type. */
function otherTensorsTable(header: GgufHeader): string {
  const components = new Set([...componentsOf(header.tensors).values()].flatMap((parts) => Object.values(parts)));
  const others = groupBy(
    header.tensors.filter((tensor) => !components.has(tensor)),
    (tensor) => ggmlTypeSize(tensor.type)?.name ?? `type ${tensor.type}`
  );
  return formatTable(
    ["other tensors", "count", "size"],
    [...others].map(([type, tensors]) => [
      type,
      String(tensors.length),
      formatBytes(sum(tensors.map((tensor) => tensor.byteLength ?? 0)))
    ])
  );
}

/** Size of all components of each MixLLM weight. */
function componentBytes(header: GgufHeader): ReadonlyMap<string, number> {
  return new Map(
    [...componentsOf(header.tensors)].map(([name, components]) => [
      name,
      sum(Object.values(components).map((tensor) => tensor.byteLength ?? 0))
    ])
  );
}

/** `blk.12.ffn_down.weight` is of kind `ffn_down` in layer `12`; weights outside the layers are of layer `-`. */
function layerAndKind(name: string): { layer: string; kind: string } {
  const match = /^blk\.(\d+)\.(.+?)(?:\.weight)?$/.exec(name);
  return { layer: match?.[1] ?? "-", kind: match?.[2] ?? name.replace(/\.weight$/, "") };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
