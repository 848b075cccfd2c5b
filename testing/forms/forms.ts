import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../common/package.js";
import { encodeSafetensors } from "../encodeSafetensors.js";

/** A small model in Hugging Face form, whose weights are made up from their names. */
interface Form {
  /** Tokenizer files by name: where in the repository each one's content is. */
  readonly tokenizer: Readonly<Record<string, string>>;
  /** Shape of every BF16 weight, by file. */
  readonly weights: Readonly<Record<string, Shapes>>;
}

/** Shapes by name. */
type Shapes = Readonly<Record<string, readonly number[]>>;

const folder = path.join(packageRoot, "testing", "forms");

/** Files of a form that describe it to the tests and are no part of the model. */
const DESCRIPTIONS = ["form.json", "stock-f16.json"];

/** Names of all forms: one for each way in which models of the supported architectures are stored. */
export const FORMS: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "tokenizers")
  .map(({ name }) => name);

/** Path of what llama.cpp's own converter writes for a form with `--outtype f16`, described in JSON (README.md here). */
export function stockDescription(form: string): string {
  return path.join(folder, form, "stock-f16.json");
}

/**
 * Writes a form as a model directory of its name, the same bytes each time.
 *
 * @returns the directory
 */
export function writeForm(form: string, parent: string): string {
  const target = copyDescription(form, parent);
  writeWeights(target, readForm(form).weights);
  return target;
}

/**
 * Writes the form `qwen3moe` with more and wider experts, whose quantization takes a while: with 8 experts of 512, more
 * than a second of a core a layer.
 *
 * @returns the directory
 */
export function writeMixture(parent: string, experts: number, width: number): string {
  const form = "qwen3moe";
  const target = copyDescription(form, parent);
  const config = path.join(target, "config.json");
  const settings = JSON.parse(readFileSync(config, "utf8")) as Record<string, unknown>;
  writeFileSync(config, JSON.stringify({ ...settings, num_local_experts: experts, moe_intermediate_size: width }));
  const { weights } = readForm(form);
  writeWeights(
    target,
    Object.fromEntries(
      Object.entries(weights).map(([file, shapes]) => [file, withExperts(shapes, experts, width)] as const)
    )
  );
  return target;
}

function withExperts(shapes: Shapes, experts: number, width: number): Shapes {
  return Object.fromEntries(
    Object.entries(shapes).flatMap(([name, [rows = 0, columns = 0]]): [string, readonly number[]][] => {
      const expert = /\.experts\.(\d+)\./.exec(name)?.[1];
      if (name.endsWith(".mlp.gate.weight")) return [[name, [experts, columns]]];
      if (expert === undefined) return [[name, shapes[name] ?? []]];
      if (expert !== "0") return [];
      const shape = name.includes("down_proj") ? [rows, width] : [width, columns];
      return Array.from({ length: experts }, (_, e) => [name.replace(".experts.0.", `.experts.${e}.`), shape]);
    })
  );
}

/** Makes a form's directory, with all but weights in it. */
function copyDescription(form: string, parent: string): string {
  const source = path.join(folder, form);
  const target = path.join(parent, form);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source))
    if (!DESCRIPTIONS.includes(name)) copyFileSync(path.join(source, name), path.join(target, name));
  for (const [name, content] of Object.entries(readForm(form).tokenizer))
    copyFileSync(path.join(packageRoot, content), path.join(target, name));
  return target;
}

function readForm(form: string): Form {
  return JSON.parse(readFileSync(path.join(folder, form, "form.json"), "utf8")) as Form;
}

function writeWeights(target: string, weights: Form["weights"]): void {
  for (const [file, shapes] of Object.entries(weights)) {
    const tensors = Object.entries(shapes).map(([name, shape]) => ({
      name,
      dtype: "BF16",
      shape: [...shape],
      data: madeUpWeight(name, shape)
    }));
    writeFileSync(path.join(target, file), encodeSafetensors(tensors));
  }
}

/** BF16 values drawn from the tensor's name: of norms around 1, of others around 0 with a deviation of about 0.03. */
function madeUpWeight(name: string, shape: readonly number[]): Uint16Array {
  let state = 2_166_136_261;
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 16_777_619) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const center = name.includes("norm") ? 1 : 0;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const floats = Float32Array.from({ length: count }, () => center + 0.06 * (uniform() + uniform() + uniform()));
  // The upper half of a float32 is a BF16 near it.
  return new Uint16Array(floats.buffer).filter((_, index) => index % 2 === 1);
}
