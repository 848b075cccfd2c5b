/** What to do about an error, in its own words and, where it names an option, in those of the command line. */
export interface ErrorOptions {
  fix?: string;
  /** `fix` as the command-line tools print it; `fix` itself unless given. */
  commandFix?: string;
  cause?: unknown;
}

/**
 * Base of every error this package throws on purpose.
 *
 * `message` says what happened and to which file or tensor; `fix`, when there is one, says what to do about it.
 * Command-line tools print both and exit with code 1; anything that is not a `MixLlmError` is a bug.
 */
export class MixLlmError extends Error {
  /** What the caller can do about it, as one or more imperative sentences; may hold an exact command. */
  readonly fix: string | undefined;
  /** The same for who called a command-line tool and knows its options, not those of the API. */
  readonly commandFix: string | undefined;

  constructor(message: string, { fix, commandFix = fix, cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.fix = fix;
    this.commandFix = commandFix;
  }
}

/**
 * What the caller gave cannot be used: a missing, truncated or inconsistent file, or an option out of range.
 *
 * Messages quote the input, which may be anything: they are made one line of bounded length here, for all of them.
 */
export class InvalidInputError extends MixLlmError {
  constructor(message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(oneLine(message), options.fix === undefined ? options : { ...options, fix: oneLine(options.fix) });
  }
}

/** Longest message, in which an honest path has its 4096 characters. */
const LONGEST_MESSAGE = 5000;

/** Longest text in quotes or without a space; names of files have at most 255 characters. */
const LONGEST_WORD = 256;

/**
 * Puts spaces for line feeds and code points for other control characters, which could pass for other output, and cuts
 * what is too long in its middle.
 */
function oneLine(text: string): string {
  const printable = text
    .replace(/[\t\n\v\f\r\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, codePoint);
  const worded = printable.replace(/"[^"]*"|[^\s"/\\]+/g, (word) => shorten(word, LONGEST_WORD));
  return shorten(worded, LONGEST_MESSAGE);
}

function codePoint(character: string): string {
  const hexadecimal = character.charCodeAt(0).toString(16);
  return hexadecimal.length > 2 ? `\\u${hexadecimal}` : `\\x${hexadecimal.padStart(2, "0")}`;
}

function shorten(text: string, length: number): string {
  const half = Math.floor(length / 2);
  return text.length <= length ? text : `${text.slice(0, half)}...${text.slice(-half)}`;
}

/** The file is not a MixLLM GGUF: another format, or a GGUF without MixLLM weights. */
export class NotMixLlmFileError extends InvalidInputError {
  constructor(file: string, reason: string, kind = "a MixLLM file") {
    super(`${file} is not ${kind}: ${reason}`, {
      fix: "Make one from a Hugging Face model directory with `mixllm-convert DIRECTORY -o OUT.gguf`."
    });
  }
}

/** The file is not even a GGUF of a version that can be read. */
export class NotGgufFileError extends NotMixLlmFileError {
  constructor(file: string, reason: string) {
    super(file, reason, "a GGUF file");
  }
}

/** A GGUF file contradicts itself or its format, or is cut off. */
export class CorruptFileError extends InvalidInputError {
  /** @param problem what is wrong, naming the tensor or metadata key it is wrong with */
  constructor(file: string, problem: string) {
    super(`${file} is damaged: ${problem}`, { fix: "Copy or download the file again, or convert the model anew." });
  }
}
