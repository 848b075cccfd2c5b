import type { Metadata } from "../../common/gguf/Metadata.js";
import { parse } from "yaml";
import { InvalidInputError } from "../../common/errors.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import type { ParameterCount } from "../model/SourceModel.js";
import { writeSamplingMetadata, type GenerationConfig } from "./generationConfig.js";
import { parseModelId, sizeLabel, titleFromId } from "./modelId.js";

/** Model card fields that describe the model itself, each with the spellings in use, the first present one counting. */
const CARD_FIELDS = {
  name: ["name", "model_name"],
  author: ["author", "model_author", "model_creator"],
  version: ["version", "model_version"],
  organization: ["organization", "model_organization"],
  finetune: ["finetune", "model_finetune"],
  basename: ["basename", "model_basename", "model_type"],
  description: ["description", "model_description"],
  size_label: ["size_label", "model_size_label"],
  license: ["license"],
  "license.name": ["license_name"],
  "license.link": ["license_link"],
  "source.url": ["url", "model_url"],
  "source.doi": ["doi", "model_doi"],
  "source.uuid": ["uuid", "model_uuid"],
  "source.repo_url": ["repo_url", "model_repo_url"]
} as const;

type GeneralField = keyof typeof CARD_FIELDS;

/** Keys of a base model or data set entry, in the order they are written. */
const REFERENCE_KEYS = ["name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url"];

/** What is said about a model beside its card. */
export interface ModelFacts extends ParameterCount {
  /** `_name_or_path` of config.json. */
  readonly knownAs: unknown;
  readonly generation: GenerationConfig;
  /** Called with what cannot be read. */
  readonly warn: (message: string) => void;
}

/**
 * Writes `general.type`, sampling defaults, and what the model card, config.json and the directory's name say about
 * the model's origin, in the order a stock conversion does.
 *
 * @throws {InvalidInputError} a recommended sampling setting is out of its range
 */
export async function writeGeneralMetadata(
  metadata: Metadata,
  directory: ModelDirectory,
  { knownAs, generation, totalParameters, mixture, warn }: ModelFacts
): Promise<void> {
  const card = await readModelCard(directory, warn);
  const fields = describeModel(card, directory, knownAs, {
    totalParameters,
    ...(mixture === undefined ? {} : { mixture })
  });
  const write = (field: GeneralField): void => {
    const value = fields.get(field);
    if (value !== undefined) metadata.string(`general.${field}`, value);
  };

  metadata.string("general.type", "model");
  writeSamplingMetadata(metadata, generation);
  const identity = ["name", "author", "version", "organization", "finetune", "basename", "description"] as const;
  for (const field of identity) write(field);
  for (const field of ["size_label", "license", "license.name", "license.link"] as const) write(field);
  for (const field of ["source.url", "source.doi", "source.uuid", "source.repo_url"] as const) write(field);

  const baseModels = firstOf(card, ["base_model", "base_models", "base_model_sources"]);
  if (baseModels !== undefined) writeReferences(metadata, "base_model", baseModels, totalParameters);
  const datasets = firstOf(card, ["datasets", "dataset", "dataset_sources"]);
  if (datasets !== undefined) writeReferences(metadata, "dataset", datasets, totalParameters);

  metadata.strings("general.tags", [...texts(card.get("tags")), ...texts(card.get("pipeline_tag"))]);
  metadata.strings("general.languages", [...texts(card.get("languages")), ...texts(card.get("language"))]);
}

function describeModel(
  card: ReadonlyMap<string, unknown>,
  directory: ModelDirectory,
  knownAs: unknown,
  { totalParameters, mixture }: ParameterCount
): ReadonlyMap<GeneralField, string> {
  const fields = new Map<GeneralField, string>();
  const set = (field: GeneralField, value: string | undefined): void => {
    if (value !== undefined && !fields.has(field)) fields.set(field, value);
  };
  for (const field of Object.keys(CARD_FIELDS) as GeneralField[]) {
    const value = firstOf(card, CARD_FIELDS[field]);
    const isScalar = typeof value === "string" || typeof value === "number";
    set(field, isScalar ? String(value) : field === "license" && Array.isArray(value) ? value.join(",") : undefined);
  }

  // A path on someone's computer has more than one slash and is no model id.
  const isModelId = typeof knownAs === "string" && knownAs.split("/").length <= 2;
  for (const id of [...(isModelId ? [knownAs] : []), directory.name]) {
    const parts = parseModelId(id, totalParameters);
    set("name", parts.name === undefined ? undefined : titleFromId(parts.name));
    set("organization", parts.organization === undefined ? undefined : titleFromId(parts.organization));
    set("basename", parts.basename);
    set("finetune", parts.finetune);
    set("version", parts.version);
    set("size_label", parts.sizeLabel);
  }
  if (mixture !== undefined) set("size_label", `${mixture.experts}x${sizeLabel(mixture.parameters)}`);
  if (totalParameters > 0) set("size_label", sizeLabel(totalParameters));
  return fields;
}

function writeReferences(
  metadata: Metadata,
  kind: "base_model" | "dataset",
  value: unknown,
  totalParameters: number
): void {
  const references = (Array.isArray(value) ? (value as unknown[]) : typeof value === "string" ? [value] : []).flatMap(
    (reference) => {
      const described = describeReference(reference, totalParameters);
      return described === undefined ? [] : [described];
    }
  );
  metadata.uint32(`general.${kind}.count`, references.length);
  for (const [i, reference] of references.entries()) {
    for (const key of REFERENCE_KEYS) {
      const text = reference.get(key);
      if (text !== undefined) metadata.string(`general.${kind}.${i}.${key}`, text);
    }
  }
}

/** A base model or data set given by Hugging Face id, by address or as an object with the keys themselves. */
function describeReference(reference: unknown, totalParameters: number): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  if (typeof reference === "object" && reference !== null) {
    for (const [key, value] of Object.entries(reference)) if (typeof value === "string") fields.set(key, value);
    return fields;
  }
  if (typeof reference !== "string") return undefined;

  const isAddress = /^(https?|ssh):\/\//.test(reference);
  const id = isAddress ? /^https?:\/\/huggingface\.co\/([^/]+\/[^/]+)$/.exec(reference)?.[1] : reference;
  if (isAddress) fields.set("repo_url", reference);
  if (id === undefined) return fields;
  const { name, organization, version } = parseModelId(id, totalParameters);
  if (name !== undefined) fields.set("name", titleFromId(name));
  if (organization !== undefined) fields.set("organization", titleFromId(organization));
  if (version !== undefined) fields.set("version", version);
  if (!isAddress && organization !== undefined && name !== undefined) {
    fields.set("repo_url", `https://huggingface.co/${organization}/${name}`);
  }
  return fields;
}

function firstOf(card: ReadonlyMap<string, unknown>, names: readonly string[]): unknown {
  return names.map((name) => card.get(name)).find((value) => value !== undefined);
}

function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.filter((item) => typeof item === "string");
}

/**
 * The YAML front matter of a model's README.md: licence, tags, base models.
 *
 * A model card is prose for people; one that cannot be read costs its metadata, not the conversion.
 *
 * @returns its fields, none when there is no card, no front matter, or neither can be read
 */
async function readModelCard(
  directory: ModelDirectory,
  warn: (message: string) => void
): Promise<ReadonlyMap<string, unknown>> {
  if (!directory.has("README.md")) return new Map();
  const text = await directory.readText("README.md").catch((error: unknown) => {
    if (!(error instanceof InvalidInputError)) throw error;
    warn(`the model card is left out: ${error.message}`);
    return "";
  });
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf("---", 1);
  if (lines[0] !== "---" || end === -1) return new Map();

  const frontMatter = lines
    .slice(1, end)
    // Norwegian's language code is false in YAML 1.1, which model cards are written in.
    .map((line) => line.replaceAll("\t", "  ").replace(/^(\s*)- no$/, '$1- "no"'))
    .join("\n");
  try {
    const fields: unknown = parse(frontMatter, { version: "1.1", maxAliasCount: 0 });
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return new Map();
    return new Map(Object.entries(fields).filter(([, value]) => value !== null));
  } catch {
    return new Map();
  }
}
