import { InvalidInputError } from "../../common/errors.js";
import { runIsolated } from "./runIsolated.js";

/** Loads the addon in a process of its own, says what it makes of a file, and ends. */
const TRY_MODEL = `
const { addon, file, texts } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const say = (answer) => process.stdout.write(JSON.stringify(answer));
require(addon).tryModel(file, texts).result.then(
  (tried) => say({ pieces: tried.map(({ pieces }) => pieces) }),
  (error) => say({ reason: error.message })
);
`;

/** How much of a reason is shown. */
const SHOWN_CHARACTERS = 300;

/** Texts that lead llama.cpp through all parts of a vocabulary: every byte that UTF-8 has, words, figures, space. */
const PROBES: readonly string[] = [
  everyByte(),
  "The quick brown fox (1234567 of them) doesn't jump over\n\n\tthe   lazy dog; Ünïcode: 日本語, русский, 😀.\r\n"
];

/** A text whose UTF-8 form has every byte that UTF-8 can have. */
function everyByte(): string {
  const ascii = Array.from({ length: 0x80 }, (_, code) => code);
  const following = Array.from({ length: 0x40 }, (_, bits) => 0x80 + bits);
  const leadingTwo = Array.from({ length: 0x1e }, (_, bits) => (bits + 2) << 6);
  const leadingThree = Array.from({ length: 0x10 }, (_, bits) => Math.max(bits << 12, 0x800));
  const leadingFour = Array.from({ length: 5 }, (_, bits) => Math.max(bits << 18, 0x10000));
  return String.fromCodePoint(...ascii, ...following, ...leadingTwo, ...leadingThree, ...leadingFour);
}

/**
 * Lets llama.cpp, in a process of its own, do with a model file what its first reader will do: load its metadata and the
 * list of its tensors, and tokenize every byte and the names of special tokens. It ends the process over some files.
 *
 * @param addon path of the converter's addon
 * @param file the file, whose tensors' data is not looked at
 * @param warn called with one sentence when text that is tokenized and put together again is another
 * @throws {InvalidInputError} llama.cpp cannot load the file or cannot tokenize with it
 */
export async function tryFile(
  addon: string,
  file: string,
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: (message: string) => void }
): Promise<void> {
  const given = await runTrial({ addon, file, texts: PROBES }, signal);
  // Where text gets a space in front, so does what follows a token that is matched as a whole.
  const withoutSpaces = (texts: readonly string[]): string => texts.join("\n").replaceAll(" ", "");
  if (withoutSpaces(given) !== withoutSpaces(PROBES)) {
    warn(
      "llama.cpp does not give every text back as it was: the vocabulary has no tokens for some characters or bytes"
    );
  }
}

interface Trial {
  readonly addon: string;
  readonly file: string;
  readonly texts: readonly string[];
}

/** @returns the texts, tokenized and put together again */
async function runTrial(trial: Trial, signal: AbortSignal): Promise<readonly string[]> {
  const result = await runIsolated<{ pieces?: string[]; reason?: string }>(TRY_MODEL, trial, signal);
  if ("death" in result) throw refused(result.death);
  const { pieces, reason = "" } = result.answer;
  if (pieces === undefined) throw refused(reason);
  return pieces;
}

function refused(reason: string): InvalidInputError {
  const [said = ""] = reason.trim().split("\n");
  return new InvalidInputError(
    `llama.cpp cannot use the file that this model would become: ${said.slice(0, SHOWN_CHARACTERS)}`,
    { fix: "Nothing was written. The model or its tokenizer has something that its configuration does not say." }
  );
}
