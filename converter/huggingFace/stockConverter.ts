import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { InvalidInputError } from "../../common/errors.js";
import { findProgram, runProgram } from "../../common/processes.js";
import { nodeLlamaCpp } from "../../plugin/runtime/nodeLlamaCpp.js";
import { ModelDirectory } from "./ModelDirectory.js";

const run = promisify(execFile);

/** What llama.cpp's converter imports. */
const PACKAGES = ["numpy", "torch", "transformers", "safetensors", "sentencepiece"];

/** The parts of llama.cpp that are the converter. */
const CONVERTER = ["convert_hf_to_gguf.py", "conversion", "gguf-py"];

/** Far above what the largest model takes to be rewritten. */
const TIMEOUT_MS = 12 * 60 * 60_000;

/** Longest output that is kept for an error. */
const LOG_BYTES = 64 * 1024 * 1024;

/** A GGUF made on the way, to be removed after use. */
export interface StockConversion {
  readonly file: string;
  readonly remove: () => Promise<void>;
}

/**
 * Converts a model directory with llama.cpp's own converter, in a process of its own: the way for architectures without
 * a reader here. Nothing is downloaded, and no code of the model's runs.
 *
 * @param unsupported why there is no other way; thrown with what to do when this one is not open either
 * @param scratch the folder to write in, with room for the model
 * @throws {InvalidInputError} Python or its packages are missing, the model has code of its own, or the converter fails
 */
export async function convertWithStockConverter(
  source: string,
  unsupported: InvalidInputError,
  scratch: string
): Promise<StockConversion> {
  const refuse = (why: string, instead: string): InvalidInputError =>
    new InvalidInputError(`${unsupported.message} here, and llama.cpp's own converter cannot be used: ${why}`, {
      fix: `${instead}, or give a BF16 or F16 GGUF of the model. ${unsupported.fix ?? ""}`.trim(),
      cause: unsupported
    });
  if (await hasCode(source)) {
    throw refuse(
      "the model comes with code of its own, which that converter would run",
      "Run convert_hf_to_gguf.py of llama.cpp yourself if you trust the model, and give its result"
    );
  }
  const python = (await findProgram("python3")) ?? (await findProgram("python"));
  const find = `import importlib.util as u; print(*(p for p in "${PACKAGES.join(" ")}".split() if not u.find_spec(p)))`;
  const missing = python === undefined ? undefined : (await runProgram(python, ["-c", find]))?.trim();
  if (python === undefined || missing === undefined) {
    throw refuse("there is no Python on PATH", `Install Python 3 and its packages ${PACKAGES.join(", ")}`);
  }
  if (missing !== "") {
    throw refuse(`Python lacks packages: ${missing}`, `Run \`${python} -m pip install ${missing}\``);
  }

  const folder = await mkdtemp(path.join(scratch, ".mixllm-stock-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const llamaCpp = path.join(folder, "llama.cpp");
    const git = (...args: string[]): Promise<unknown> => run("git", args, { maxBuffer: LOG_BYTES });
    await git("clone", "--quiet", "--no-checkout", "--template=", nodeLlamaCpp().sourceBundle, llamaCpp);
    await git("-C", llamaCpp, "checkout", "--quiet", "HEAD", "--", ...CONVERTER);
    const file = path.join(folder, `${path.basename(path.resolve(source))}.gguf`);
    const script = path.join(llamaCpp, "convert_hf_to_gguf.py");
    const offline = { HF_HUB_OFFLINE: "1", TRANSFORMERS_OFFLINE: "1", PYTHONDONTWRITEBYTECODE: "1" };
    await run(python, [script, path.resolve(source), "--outfile", file, "--outtype", "auto"], {
      env: { ...process.env, ...offline },
      timeout: TIMEOUT_MS,
      maxBuffer: LOG_BYTES
    });
    await rm(llamaCpp, { recursive: true, force: true });
    return { file, remove };
  } catch (error) {
    await remove();
    throw refuse(lastLine(error), "See what it says of the model");
  }
}

/** Whether anything in the directory could be run by a loader that trusts it. */
async function hasCode(source: string): Promise<boolean> {
  const directory = await ModelDirectory.open(source);
  if (directory.fileNames().some((name) => /\.(py|so|pyd|pkl)$/i.test(name))) return true;
  for (const name of ["config.json", "tokenizer_config.json"]) {
    if ((await directory.readOptionalJson(name))?.has("auto_map") === true) return true;
  }
  return false;
}

/** What a program said last before it failed. */
function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? message).trim().split("\n").at(-1) ?? message;
}
