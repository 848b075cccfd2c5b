import path from "node:path";
import { isProcessRunning } from "../../common/processes.js";
import { describeRuntime } from "../runtime/describeRuntime.js";
import { isFinishedBuild } from "../runtime/isFinishedBuild.js";
import { readBuildStatus } from "../runtime/readBuildStatus.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import type { Finding } from "./Finding.js";

/** Whether the runtime of a kind is built, or how far its build has come. */
export async function runtimeFinding(gpu: RuntimeGpu): Promise<Finding> {
  const name = `Runtime (${gpu === false ? "CPU" : "CUDA"})`;
  const { directory, workDirectory, key } = await describeRuntime(gpu);
  if (await isFinishedBuild(directory)) return { name, status: "ok", detail: `built: ${directory}` };
  const command = `mixllm build --gpu ${String(gpu)}`;
  const status = await readBuildStatus(path.join(workDirectory, "status.json"));
  if (status?.key === key && status.state === "failed")
    return {
      name,
      status: "missing",
      detail: `the last build failed; its log is ${status.logFile}`,
      fix: `Mend what the log complains about, then run \`${command}\``
    };
  if (status?.key === key && status.state === "building")
    return {
      name,
      status: "note",
      detail: isProcessRunning(status.pid)
        ? `process ${status.pid} is building it, ${Math.floor(100 * status.fraction)} % done`
        : `building it was interrupted at ${Math.floor(100 * status.fraction)} %`,
      fix: `Run \`${command}\`; it goes on from there`
    };
  return {
    name,
    status: "note",
    detail: "not built yet; that happens on first use and takes minutes",
    fix: `Run \`${command}\` to do it now`
  };
}
