import path from "node:path";
import { formatBytes, formatTable } from "../../common/cli/format.js";
import { componentsOf } from "../../common/format/components.js";
import type { MixLlmFileInfo } from "../../common/format/MixLlmFileInfo.js";
import type { MixLlmTensor } from "../../common/format/MixLlmTensor.js";
import { ggmlTypeSize } from "../../common/gguf/ggmlTypes.js";
import type { GgufHeader } from "../../common/gguf/GgufHeader.js";

/** Text for people about a MixLLM file: its origin, and its 8-bit share and size by kind of weight and by layer. */
export function describeMixLlmFile(file: string, header: GgufHeader, info: MixLlmFileInfo): string {
  const bytes = componentBytes(header);
  return [
    mixLlmFileFacts(file, header, info)
      .map(([title, text]) => `${title.padEnd(13)}${text}\n`)
      .join(""),
    kindTable(info.tensors, bytes),
    layerTable(info.tensors, bytes),
    ...expertTable(info.tensors),
    otherTensorsTable(header)
  ].join("\n");
}

function kindTable(tensors: readonly MixLlmTensor[], bytes: ReadonlyMap<string, number>): string {
  const rows = [...groupBy(tensors, kindOf), ["all", tensors] as const].map(([kind, those]) => [
    kind,
    String(sum(those.map((tensor) => tensor.outputChannels))),
    String(sum(those.map((tensor) => tensor.channels8bit))),
    `${share(those)} %`,
    ...sizeCells(those, bytes)
  ]);
  return formatTable(["kind", "channels", "8-bit", "share", "bits/weight", "size"], rows);
}

/** Share of 8-bit channels, in percent, with a row for each layer and a column for each kind. */
function layerTable(tensors: readonly MixLlmTensor[], bytes: ReadonlyMap<string, number>): string {
  const kinds = [...groupBy(tensors, kindOf).keys()];
  const layers = groupBy(tensors, ({ layer }) => String(layer ?? "-"));
  const rows = [...layers, ["all", tensors] as const].map(([layer, those]) => {
    const byKind = groupBy(those, kindOf);
    return [layer, ...kinds.map((kind) => share(byKind.get(kind) ?? [])), share(those), ...sizeCells(those, bytes)];
  });
  return formatTable(["8-bit %, layer", ...kinds, "all", "bits/weight", "size"], rows);
}

/** How the 8-bit channels of stacked experts are dealt out among them; nothing in a file without stacks. */
function expertTable(tensors: readonly MixLlmTensor[]): string[] {
  const rows = tensors.flatMap(({ name, experts, outputChannels }) =>
    experts === undefined
      ? []
      : [
          [
            name.replace(/\.weight$/, ""),
            String(experts.length),
            String(outputChannels / experts.length),
            String(Math.min(...experts)),
            (sum(experts) / experts.length).toFixed(1),
            String(Math.max(...experts))
          ]
        ]
  );
  if (rows.length === 0) return [];
  return [formatTable(["8-bit channels of an expert", "experts", "channels", "least", "mean", "most"], rows)];
}

function share(tensors: readonly MixLlmTensor[]): string {
  if (tensors.length === 0) return "";
  const channels = sum(tensors.map((tensor) => tensor.outputChannels));
  return ((100 * sum(tensors.map((tensor) => tensor.channels8bit))) / channels).toFixed(1);
}

/** Bits per weight and size. */
function sizeCells(tensors: readonly MixLlmTensor[], bytes: ReadonlyMap<string, number>): string[] {
  const weights = sum(tensors.map((tensor) => tensor.outputChannels * tensor.inputChannels));
  const size = sum(tensors.map((tensor) => bytes.get(tensor.name) ?? 0));
  return [((8 * size) / weights).toFixed(2), formatBytes(size)];
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

/** A weight outside the layers is a kind of its own. */
function kindOf({ name, kind }: MixLlmTensor): string {
  return kind ?? name.replace(/\.weight$/, "");
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

/** What a MixLLM file is and how it was made, as titles and texts; the texts may come from the file. */
export function mixLlmFileFacts(
  file: string,
  header: GgufHeader,
  info: MixLlmFileInfo
): (readonly [title: string, text: string])[] {
  const architecture = header.metadata.get("general.architecture");
  const name = header.metadata.get("general.name");
  return [
    ["file", `${path.basename(file)}, ${formatBytes(header.fileSize)}`],
    ["model", [name, architecture].filter((part) => typeof part === "string").join(", ") || "unnamed"],
    ["weights", `${info.bitsPerWeight.toFixed(2)} bits each, ${info.percent8bit.toFixed(1)} % of channels in 8 bits`],
    ["groups", `${info.groupSize} inputs`],
    ["method", `${info.method}, 8-bit channels by ${info.search}`],
    ["calibration", info.calibration],
    ["source", info.source],
    ...(info.command === undefined ? [] : [["command", info.command] as const])
  ];
}
