import { formatBytes } from "../../cli/formatBytes.js";
import { formatTable } from "../../cli/formatTable.js";
import type { SpeedReport } from "./SpeedReport.js";

/** The report as a table, one line a model and test, each ending in a line feed; speeds in tokens a second. */
export function formatSpeed({ models }: SpeedReport): string {
  const head = ["model", "type", "size", "load", "test", "threads", "median t/s", "mean", "sd"];
  const rows = models.flatMap(({ model, type, fileBytes, loadSeconds, figures }) =>
    figures.map(({ test, threads, tokensPerSecond: { median, mean, sd } }) => [
      model,
      type,
      formatBytes(fileBytes),
      `${loadSeconds.toFixed(2)} s`,
      test,
      String(threads),
      median.toFixed(2),
      mean.toFixed(2),
      sd.toFixed(2)
    ])
  );
  return formatTable(head, rows);
}
