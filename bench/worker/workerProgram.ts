import { MixLlmError } from "../../common/errors.js";
import type { WorkerMessage, WorkRequest } from "./WorkRequest.js";
import { doWork } from "./doWork.js";

// The program of a worker: takes one request from the process that started it, and ends when that is done.

function tell(message: WorkerMessage): void {
  process.send?.(message);
}

// Ctrl-C reaches the whole group of processes; the one that started this one decides.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
process.once("message", (request: WorkRequest) => {
  doWork(request, (fraction) => tell({ kind: "progress", fraction }))
    .then((result) => tell({ kind: "result", result }))
    .catch((error: unknown) => {
      if (error instanceof MixLlmError) {
        const { message, commandFix: fix } = error;
        tell({ kind: "refused", message, ...(fix === undefined ? {} : { fix }) });
      } else {
        tell({ kind: "failed", stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    })
    .finally(() => process.disconnect());
});
