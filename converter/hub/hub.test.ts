import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidInputError, MixLlmError } from "../../common/errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { answerAsHub, send, sendJson, SHA } from "../testing/answerAsHub.js";
import { downloadModel, type DownloadOptions } from "./downloadModel.js";
import { fetchSource } from "./fetchSource.js";
import { isHubUri, parseHubUri } from "./HubSource.js";
import { hubCacheDirectory, hubEndpoint, hubToken } from "./hubSettings.js";

const WEIGHTS = randomBytes(300_000);
const FILES: Readonly<Record<string, Buffer>> = {
  "config.json": Buffer.from("{}"),
  "tokenizer.json": Buffer.from('{"version": "1.0"}'),
  "model.safetensors": WEIGHTS,
  "consolidated.safetensors": Buffer.from("the same weights in another form"),
  "pytorch_model.bin": Buffer.from("a pickle"),
  "original/model.safetensors": Buffer.from("another copy"),
  "onnx/model.onnx": Buffer.from("another form")
};
const NEEDED = ["config.json", "model.safetensors", "tokenizer.json"];

/** What the server does with a request instead of answering it as it should; `false` when it is to answer. */
type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean;

let server: Server;
let misbehave: Misbehaviour;
let requests: { url: string; range: string | undefined; authorization: string | undefined }[];
let options: DownloadOptions;
let fractions: number[];

beforeEach(async () => {
  misbehave = () => false;
  requests = [];
  fractions = [];
  server = createServer((request, response) => {
    const { url = "", headers } = request;
    requests.push({ url, range: headers.range, authorization: headers.authorization });
    if (!misbehave(request, response)) answerAsHub(FILES, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  options = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: undefined,
    cacheDirectory: path.join(temporaryDirectory(), "hub"),
    signal: new AbortController().signal,
    progress: (fraction) => void fractions.push(fraction)
  };
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  vi.unstubAllEnvs();
});

const hasWeights = async (directory: string): Promise<boolean> =>
  (await readFile(path.join(directory, "model.safetensors"))).equals(WEIGHTS);

const SOURCE = { repository: "org/model", revision: "main" };
const isWeights = ({ url }: { url?: string | undefined }): boolean =>
  url?.endsWith(`${SHA}/model.safetensors`) === true;

describe("a model on the Hub", () => {
  test("is downloaded to the cache, the files that are needed and no others, and then is there", async () => {
    const directory = await downloadModel(SOURCE, options);
    expect(directory).toBe(path.join(options.cacheDirectory, "models--org--model", "snapshots", SHA));
    expect((await readdir(directory)).sort()).toEqual(NEEDED);
    expect(await hasWeights(directory)).toBe(true);
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions]).toEqual([...fractions].sort((a, b) => a - b));
    requests = [];
    expect(await downloadModel(SOURCE, options)).toBe(directory);
    expect(requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
  });

  test("takes up a download where an earlier one stopped", async () => {
    const directory = path.join(options.cacheDirectory, "models--org--model", "snapshots", SHA);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, "model.safetensors.incomplete"), WEIGHTS.subarray(0, 123_456));
    await downloadModel(SOURCE, options);
    expect(await hasWeights(directory)).toBe(true);
    expect(requests.filter(isWeights).map(({ range }) => range)).toEqual(["bytes=123456-"]);
  });

  test("comes whole over a connection that is cut again and again", async () => {
    let cuts = 0;
    misbehave = (request, response) => {
      if (!isWeights(request) || cuts === 3) return false;
      cuts++;
      const from = Number(/^bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const part = WEIGHTS.subarray(from);
      const contentRange = { "Content-Range": `bytes ${from}-${WEIGHTS.length - 1}/${WEIGHTS.length}` };
      response.writeHead(from === 0 ? 200 : 206, { "Content-Length": part.length, ...contentRange });
      response.write(part.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const directory = await downloadModel(SOURCE, options);
    expect(cuts).toBe(3);
    expect(await hasWeights(directory)).toBe(true);
  });

  test("comes whole from a server that begins anew instead of going on", async () => {
    const directory = path.join(options.cacheDirectory, "models--org--model", "snapshots", SHA);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, "model.safetensors.incomplete"), WEIGHTS.subarray(0, 1000));
    misbehave = (request, response) => {
      if (!isWeights(request)) return false;
      send(response, WEIGHTS, undefined);
      return true;
    };
    await downloadModel(SOURCE, options);
    expect(await hasWeights(directory)).toBe(true);
    expect(requests.filter(isWeights)).toHaveLength(1);
  });

  test("is downloaded anew when what was there of it is damaged", async () => {
    const directory = path.join(options.cacheDirectory, "models--org--model", "snapshots", SHA);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, "model.safetensors.incomplete"), randomBytes(5000));
    await downloadModel(SOURCE, options);
    expect(await hasWeights(directory)).toBe(true);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ["other bytes", (response) => send(response, randomBytes(WEIGHTS.length), undefined), "its hash is "],
    ["too few bytes", (response) => send(response, WEIGHTS.subarray(0, 10), undefined), "of 300000 bytes"],
    [
      "another part",
      (response) => void response.writeHead(206, { "Content-Range": "bytes 7-9/300000" }).end("abc"),
      "status 206"
    ],
    ["no end of bytes", (response) => send(response, Buffer.alloc(400_000), undefined), "sends more than the Hub says"],
    ["an error of its own", (response) => void response.writeHead(503).end(), "cannot be downloaded: "]
  ])("is not taken from a server that sends %s", { timeout: 60_000 }, async (_, send, reason) => {
    misbehave = (request, response) => {
      if (!isWeights(request)) return false;
      send(response);
      return true;
    };
    const failure = downloadModel(SOURCE, options);
    await expect(failure).rejects.toThrow(MixLlmError);
    await expect(failure).rejects.toThrow(reason);
    const directory = path.join(options.cacheDirectory, "models--org--model", "snapshots", SHA);
    expect(await readdir(directory)).not.toContain("model.safetensors");
  });

  test.each([
    [401, undefined, "private, is to be asked for, or does not exist"],
    [401, "hf_wrong", "does not accept the token"],
    [403, "hf_right", "only for those who have been granted access"],
    [404, undefined, "has no model org/model with revision main"]
  ])("that is refused with %i is told with what to do", async (status, token, message) => {
    misbehave = (_, response) => response.writeHead(status).end() !== undefined;
    const failure = downloadModel(SOURCE, { ...options, token });
    await expect(failure).rejects.toThrow(InvalidInputError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({
      fix: expect.stringContaining(`${options.endpoint}/org/model`) as unknown
    });
    expect(requests).toHaveLength(1);
  });

  test("sends the token with every request, and none without one", async () => {
    await downloadModel(SOURCE, { ...options, token: "hf_secret" });
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_secret"]));
  });

  test("whose commit is no commit, and whose files lie outside its folder, lead nowhere else", async () => {
    misbehave = (request, response) => {
      if (request.url?.includes("/revision/") !== true) return false;
      sendJson(response, { _id: "1", id: "org/model", sha: "../../elsewhere" });
      return true;
    };
    await expect(downloadModel(SOURCE, options)).rejects.toThrow("does not say which commit");
    misbehave = (request, response) => {
      if (request.url?.includes("/tree/") !== true) return false;
      const paths = ["../model.safetensors", "/etc/model.safetensors", "a/../../config.json"];
      sendJson(
        response,
        paths.map((name) => ({ type: "file", path: name, size: 5 }))
      );
      return true;
    };
    await expect(downloadModel(SOURCE, options)).rejects.toThrow("has no model*.safetensors weights");
    expect(requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
  });

  test("with no server there is told in one line", async () => {
    server.closeAllConnections();
    server.close();
    const failure = downloadModel(SOURCE, options);
    await expect(failure).rejects.toThrow(MixLlmError);
    await expect(failure).rejects.toThrow(/cannot be had from http:.*ECONNREFUSED/);
  });

  test("stops when it is told to", async () => {
    const controller = new AbortController();
    const stop = new Error("stop");
    misbehave = (request, response) => {
      if (!isWeights(request)) return false;
      response.writeHead(200, { "Content-Length": WEIGHTS.length });
      response.write(WEIGHTS.subarray(0, 1000), () => controller.abort(stop));
      return true;
    };
    await expect(downloadModel(SOURCE, { ...options, signal: controller.signal })).rejects.toThrow(stop);
  });
});

describe("what a model is named by", () => {
  test("a path is taken as it is, and what is on the Hub is not", async () => {
    const signal = new AbortController().signal;
    expect(await fetchSource("./hf", { quiet: true, signal })).toBe("./hf");
    await expect(fetchSource("./hf", { quiet: true, signal, endpoint: "http://x" })).rejects.toThrow(
      "--endpoint has no effect"
    );
    vi.stubEnv("HF_ENDPOINT", options.endpoint);
    vi.stubEnv("HF_HUB_CACHE", options.cacheDirectory);
    expect(await fetchSource("hf:org/model", { quiet: true, signal })).toContain(SHA);
    expect(requests[0]?.url).toContain("/revision/main");
    await fetchSource("hf:org/model@v1.0", { quiet: true, signal });
    expect(requests.some(({ url }) => url.includes("/revision/v1.0"))).toBe(true);
  });

  test.each([
    ["hf:org/model", { repository: "org/model", revision: "main" }],
    ["hf://org/model@refs/pr/1", { repository: "org/model", revision: "refs/pr/1" }],
    ["huggingface:org/a.b-c_d@0123abc", { repository: "org/a.b-c_d", revision: "0123abc" }],
    ["hf:org/model:BF16", undefined],
    ["hf:org/model/model-f16.gguf", undefined],
    ["hf:org/model/folder/model-00001-of-00002.gguf#branch", undefined]
  ])("%s is understood", (uri, expected) => {
    expect(isHubUri(uri)).toBe(true);
    expect(parseHubUri(uri)).toEqual(expected);
  });

  test.each([
    "hf:",
    "hf:model",
    "hf:../model",
    "hf:org/..",
    "hf:org/model@",
    "hf:a/b/c",
    "hf:org/../x.gguf",
    "hf:org/mod el"
  ])("%s is refused", (uri) => {
    expect(() => parseHubUri(uri)).toThrow(InvalidInputError);
  });
});

describe("settings", () => {
  test("the endpoint comes from the option, else from HF_ENDPOINT", () => {
    expect(hubEndpoint(undefined)).toBe("https://huggingface.co");
    vi.stubEnv("HF_ENDPOINT", "https://mirror.example/");
    expect(hubEndpoint(undefined)).toBe("https://mirror.example");
    expect(hubEndpoint("http://localhost:8080/hub//")).toBe("http://localhost:8080/hub");
    for (const text of ["mirror.example", "file:///etc", "javascript:0"])
      expect(() => hubEndpoint(text)).toThrow(InvalidInputError);
  });

  test("the token and the cache are where Hugging Face's tools have theirs", async () => {
    const home = temporaryDirectory();
    for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"])
      vi.stubEnv(name, undefined);
    vi.stubEnv("HF_HOME", home);
    expect(await hubToken()).toBeUndefined();
    expect(hubCacheDirectory()).toBe(path.join(home, "hub"));
    await writeFile(path.join(home, "token"), "hf_file\n");
    expect(await hubToken()).toBe("hf_file");
    vi.stubEnv("HF_TOKEN", "hf_variable");
    expect(await hubToken()).toBe("hf_variable");
    vi.stubEnv("HF_HUB_CACHE", path.join(home, "other"));
    expect(hubCacheDirectory()).toBe(path.join(home, "other"));
  });
});
