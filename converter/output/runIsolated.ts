import { spawn } from "node:child_process";
import { MixLlmError } from "../../common/errors.js";

/** Far above what the largest model or vocabulary takes on a busy machine. */
const LONGEST_MS = 10 * 60 * 1000;
/** How much of a process's last words are kept. */
const KEPT_CHARACTERS = 4000;

/** What a process answered, or the line of its last words that says why it ended before it could. */
export type IsolatedAnswer<T> = { readonly answer: T } | { readonly death: string };

/**
 * Runs native code that may end the process in a process of its own.
 *
 * @param program JavaScript that reads `input` as JSON from stdin and writes its answer as JSON to stdout
 * @throws {MixLlmError} the process was ended from outside
 */
export async function runIsolated<T>(program: string, input: unknown, signal: AbortSignal): Promise<IsolatedAnswer<T>> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, ["-e", program], {
    // In Electron the executable is a browser unless told otherwise; ggml would call a debugger when it aborts.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: "1", GGML_NO_BACKTRACE: "1" },
    stdio: "pipe",
    windowsHide: true,
    timeout: LONGEST_MS,
    killSignal: "SIGKILL"
  });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  try {
    let answer = "";
    let lastWords = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (answer += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-KEPT_CHARACTERS);
    });
    child.stdin.on("error", () => undefined); // a process that has ended already says so by its exit
    child.stdin.end(JSON.stringify(input));
    const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (...exit) => resolve(exit));
    });
    signal.throwIfAborted();
    if (killedBy === "SIGKILL") {
      throw new MixLlmError("the process in which llama.cpp tried the file was ended from outside", {
        fix: "It may have run out of memory or of time: run the same command again."
      });
    }
    return parse<T>(answer) ?? { death: causeOfDeath(lastWords, killedBy ?? `exit code ${code}`) };
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** What the process said, unless it ended before it had said all. */
function parse<T>(answer: string): { answer: T } | undefined {
  try {
    return { answer: JSON.parse(answer) as T };
  } catch {
    return undefined;
  }
}

/** The line of a dying process that says why. */
function causeOfDeath(lastWords: string, end: string): string {
  const lines = lastWords.split("\n").map((line) => line.trim());
  const why =
    lines.find((line) => /GGML_ASSERT|GGML_ABORT|what\(\)|Error:/.test(line)) ?? lines.find((line) => line !== "");
  // "/path/llama-vocab.cpp:2540: GGML_ASSERT(...) failed"
  return (why ?? `it ended the process (${end})`).replace(/^.*?(?=GGML_A)/s, "");
}
