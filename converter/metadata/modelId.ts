/** What a model id such as `meta-llama/Llama-3.2-1B-Instruct` says about the model. */
export interface ModelIdParts {
  readonly name?: string;
  readonly organization?: string;
  readonly basename?: string;
  readonly finetune?: string;
  readonly version?: string;
  readonly sizeLabel?: string;
}

type PartKind = "basename" | "size" | "finetune" | "version" | "type";

const VERSION = /^(v|iter)?\d+(\.\d+)*$/i;
const NUMBER_FORMAT = /^(i?q\d(_\w)*|b?fp?(16|32))$/i;
const SIZE = /^((A|\d+x)?\d+([._]\d+)?[KMBT]\d?|small|mini|medium|large|x?xl)$/i;
const FINETUNE = /^(chat|instruct|vision|lora)$/i;

/**
 * Splits a model id by the naming habits of Hugging Face, with the rules a stock conversion has.
 *
 * @param totalParameters decides whether something like `8K` can be the model's size or is its context length
 */
export function parseModelId(id: string, totalParameters: number): ModelIdParts {
  if (id.includes(" ")) return { name: id };
  const slash = id.indexOf("/");
  const organization = slash === -1 ? undefined : id.slice(0, slash);
  const name = id.slice(slash + 1);

  const parts = name.split("-").filter((part) => part !== "");
  const kinds = parts.map((): Set<PartKind> => new Set());
  const has = (index: number, kind: PartKind): boolean => kinds[index]?.has(kind) === true;

  for (const [i, part] of parts.entries()) {
    const kind = kinds[i] as Set<PartKind>;
    if (VERSION.test(part)) kind.add("version");
    else if (NUMBER_FORMAT.test(part)) {
      kind.add("type");
      parts[i] = part.toUpperCase();
    } else if (i > 0 && SIZE.test(part)) {
      const size = readSize(part, totalParameters);
      kind.add(size.isSize ? "size" : "finetune");
      parts[i] = size.text;
    } else if (i > 0 && FINETUNE.test(part)) kind.add("finetune");
  }

  // A word such as `mini` is part of the name once there is a number.
  if (parts.some((part, i) => has(i, "size") && /\d/.test(part))) {
    for (const [i, part] of parts.entries()) if (/^\p{L}+$/u.test(part)) kinds[i]?.delete("size");
  }

  let atStart = true;
  for (const [i, part] of parts.entries()) {
    const kind = kinds[i] as Set<PartKind>;
    if (atStart && ((kind.size === 0 && /^\p{L}/u.test(part)) || kind.has("version"))) kind.add("basename");
    else {
      atStart = false;
      if (kind.size === 0) kind.add("finetune");
    }
  }
  // A version at the end is a version, not part of the base name.
  for (let i = parts.length - 1; i >= 0 && has(i, "basename") && (kinds[i]?.size ?? 0) > 1; i--) {
    kinds[i]?.delete("basename");
  }

  const join = (select: (index: number) => boolean): string => parts.filter((_, i) => select(i)).join("-");
  const sizes = [...new Set(parts.filter((_, i) => has(i, "size")))].join("-");
  const finetune = join((i) => has(i, "finetune"));
  const version = join((i) => has(i, "version") && !has(i, "basename"));
  const basename = join((i) => has(i, "basename"));
  const isTelling = sizes !== "" || finetune !== "" || version !== "";
  return {
    name,
    ...(organization === undefined || organization.startsWith(".") ? {} : { organization }),
    ...(basename !== "" && isTelling ? { basename } : {}),
    ...(finetune === "" ? {} : { finetune }),
    ...(version === "" ? {} : { version }),
    ...(sizes === "" ? {} : { sizeLabel: sizes })
  };
}

function readSize(part: string, totalParameters: number): { text: string; isSize: boolean } {
  let text = part.replaceAll("_", ".");
  if (/\d$/.test(text)) text = `${text.slice(0, -2)}.${text.slice(-1)}${text.slice(-2, -1)}`; // 7b1 is 7.1b
  if (/\d[kmbt]$/.test(text)) text = text.slice(0, -1) + text.slice(-1).toUpperCase();
  const count = Number(text.slice(0, -1)) * 1000 ** " KMBT".indexOf(text.slice(-1));
  const isFarOff = totalParameters > 0 && Math.abs(count - totalParameters) > Math.floor((7 * totalParameters) / 8);
  // Far from the model's own size it is a context length, written in lower case.
  return isFarOff ? { text: text.slice(0, -1) + text.slice(-1).toLowerCase(), isSize: false } : { text, isSize: true };
}

/** Words that keep their case: versions such as `v0.3` and anything that starts with a digit. */
const VERSION_OR_SIZE = /^(v\d+(\.\d+)*|\d.*)$/;

/** Turns the last part of a model id into a title: `tiny-llama-v0.3` becomes `Tiny Llama v0.3`. */
export function titleFromId(id: string): string {
  return id
    .replaceAll("-", " ")
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => (isLowerCase(word) && !VERSION_OR_SIZE.test(word) ? capitalize(word) : word))
    .join(" ");
}

function isLowerCase(word: string): boolean {
  return word === word.toLowerCase() && word !== word.toUpperCase();
}

/** A capital after anything that is not a letter: `qwen2moe` becomes `Qwen2Moe`. */
function capitalize(word: string): string {
  return word.replace(/\p{L}+/gu, (letters) => letters.charAt(0).toUpperCase() + letters.slice(1));
}

const UNITS: readonly { readonly above: number; readonly scale: number; readonly suffix: string }[] = [
  { above: 1e12, scale: 1e-12, suffix: "T" },
  { above: 1e9, scale: 1e-9, suffix: "B" },
  { above: 1e6, scale: 1e-6, suffix: "M" },
  { above: -1, scale: 1e-3, suffix: "K" }
];

/** A parameter count with at least two digits: `778K`, `1.2B`, `70B`. */
export function sizeLabel(parameters: number): string {
  const { scale, suffix } = UNITS.find(({ above }) => parameters > above) as (typeof UNITS)[number];
  const scaled = parameters * scale;
  const wholeDigits = roundHalfEven(scaled) === 0 ? 0 : String(roundHalfEven(scaled)).length;
  const decimals = Math.max(0, 2 - wholeDigits);
  const power = 10 ** decimals;
  return `${(roundHalfEven(scaled * power) / power).toFixed(decimals)}${suffix}`;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
