import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";
import type { WorkerMessage, WorkRequest, WorkResults } from "./WorkRequest.js";

const PROGRAM = fileURLToPath(new URL("./workerProgram.js", import.meta.url));

/** How pieces of work are run; by `runInWorker` but in tests. */
export type WorkRunner = <R extends WorkRequest>(
  request: R,
  options: { onFraction?: (fraction: number) => void; signal?: AbortSignal }
) => Promise<WorkResults[R["kind"]]>;

/** How much of a worker's last words is kept to explain its end. */
const KEPT_STDERR = 2000;

/**
 * Runs one piece of work in a process of its own, so that it starts from clean memory and a crash or an abort in native
 * code ends it alone.
 *
 * @throws {InvalidInputError} the work found its input unusable
 * @throws {MixLlmError} the process died
 * @throws the reason of `signal` when it aborts; the process is killed
 */
export async function runInWorker<R extends WorkRequest>(
  request: R,
  options: { onFraction?: (fraction: number) => void; signal?: AbortSignal } = {}
): Promise<WorkResults[R["kind"]]> {
  options.signal?.throwIfAborted();
  const child = fork(PROGRAM, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const kill = (): void => void child.kill("SIGKILL");
  options.signal?.addEventListener("abort", kill, { once: true });
  let lastWords = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-KEPT_STDERR);
  });
  try {
    return await new Promise((resolve, reject) => {
      child.on("message", (message: WorkerMessage) => {
        switch (message.kind) {
          case "progress":
            options.onFraction?.(message.fraction);
            return;
          case "result":
            // The same Ctrl-C may have made the work end early, as if it were done.
            if (options.signal?.aborted === true) return;
            return resolve(message.result as WorkResults[R["kind"]]);
          case "refused":
            return reject(new InvalidInputError(message.message, message.fix === undefined ? {} : message));
          case "failed":
            return reject(new Error(`in a process of its own:\n${message.stack}`));
        }
      });
      child.on("error", reject);
      child.on("close", (code, killedBy) => {
        if (options.signal?.aborted === true) return reject(options.signal.reason as Error);
        const how = killedBy === null ? `with exit code ${code}` : `by ${killedBy}`;
        const words = lastWords.trim().split("\n").at(-1) ?? "";
        reject(
          new MixLlmError(`the process that did ${describe(request)} ended ${how}${words === "" ? "" : `: ${words}`}`, {
            ...(killedBy === "SIGKILL" ? { fix: "It may have run out of memory: try a smaller model or context." } : {})
          })
        );
      });
      child.send(request);
    });
  } finally {
    options.signal?.removeEventListener("abort", kill);
  }
}

function describe(request: WorkRequest): string {
  switch (request.kind) {
    case "convert":
      return "the conversion";
    case "imatrix":
      return "the importance matrix";
    case "quantize":
      return `the quantization to ${request.type}`;
    case "quality":
      return `the quality measurement of ${request.options.model}`;
    case "footprint":
      return `the memory measurement of ${request.options.model}`;
    case "speed":
      return "the speed measurement";
  }
}
