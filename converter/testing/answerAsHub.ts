import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** The commit that every revision is. */
export const SHA = "0123456789abcdef0123456789abcdef01234567";

/** Answers as the Hub does where it has these files, by name, as `org/model`. */
export function answerAsHub(
  files: Readonly<Record<string, Buffer>>,
  { url = "", headers }: IncomingMessage,
  response: ServerResponse
): void {
  if (url.startsWith("/api/models/org/model/revision/"))
    return sendJson(response, { _id: "1", id: "org/model", sha: SHA, private: false, downloads: 0, gated: false });
  if (url.startsWith(`/api/models/org/model/tree/${SHA}`))
    return sendJson(
      response,
      Object.entries(files).map(([name, content]) => describeFile(name, content))
    );
  const name = url.split(`/org/model/resolve/${SHA}/`)[1]?.replace(/\?.*/, "") ?? "";
  const content = files[name];
  if (content === undefined) return void response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
  send(response, content, headers.range);
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

export function send(response: ServerResponse, content: Buffer, range: string | undefined): void {
  const [, from] = /^bytes=(\d+)-$/.exec(range ?? "") ?? [];
  const headers = { ETag: '"1"', "Content-Type": "application/octet-stream" };
  if (from === undefined)
    return void response.writeHead(200, { ...headers, "Content-Length": content.length }).end(content);
  const part = content.subarray(Number(from));
  const contentRange = `bytes ${from}-${Number(from) + part.length - 1}/${content.length}`;
  response.writeHead(206, { ...headers, "Content-Range": contentRange, "Content-Length": part.length }).end(part);
}

function describeFile(name: string, content: Buffer): unknown {
  const large = content.length > 1000;
  return {
    type: "file",
    path: name,
    size: content.length,
    oid: createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex"),
    ...(large
      ? { lfs: { oid: createHash("sha256").update(content).digest("hex"), size: content.length, pointerSize: 100 } }
      : {})
  };
}
