import type { Finding } from "./Finding.js";
import { isOlder } from "./isOlder.js";

/** As package.json asks for. */
export const LEAST_NODE = "20.17.0";

export function nodeFinding(): Finding {
  const name = "Node.js";
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  if (!isOlder(process.versions.node, LEAST_NODE)) return { name, status: "ok", detail };
  return { name, status: "missing", detail, fix: `Install ${LEAST_NODE} or newer from https://nodejs.org` };
}
