// The program of an arm: takes one request from the process that started it, and ends when that is done.
import { MixLlmError } from "../../common/errors.js";
import type { ArmMessage, ArmRequest } from "./ArmRequest.js";
import { runArmRequest } from "./runArmRequest.js";

function tell(message: ArmMessage): void {
  process.send?.(message);
}

// Ctrl-C reaches the whole group of processes; the one that started this one decides.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
process.once("message", (request: ArmRequest) => {
  runArmRequest(request, (fraction) => tell({ kind: "progress", fraction }))
    .then((result) => tell({ kind: "result", result }))
    .catch((error: unknown) => {
      if (error instanceof MixLlmError) {
        tell({ kind: "refused", message: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) });
      } else {
        tell({ kind: "failed", stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    })
    .finally(() => process.disconnect());
});
