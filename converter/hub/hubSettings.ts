import { readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { InvalidInputError } from "../../common/errors.js";

const DEFAULT_ENDPOINT = "https://huggingface.co";

/**
 * Where the Hub is: the option, else the environment variable `HF_ENDPOINT`, else huggingface.co.
 *
 * @returns the URL without a slash at its end
 * @throws {InvalidInputError} it is no URL of a web server
 */
export function hubEndpoint(option: string | undefined): string {
  const text = option ?? nonEmpty(process.env["HF_ENDPOINT"]) ?? DEFAULT_ENDPOINT;
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol !== "https:" && protocol !== "http:")
    throw new InvalidInputError(`${text} is no URL of a Hugging Face Hub`, {
      fix: `Give one such as ${DEFAULT_ENDPOINT} with --endpoint or HF_ENDPOINT.`
    });
  return text.replace(/\/+$/, "");
}

/** The access token from where Hugging Face's own tools take it; `undefined` without one. */
export async function hubToken(): Promise<string | undefined> {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH } = process.env;
  const token = nonEmpty(HF_TOKEN) ?? nonEmpty(HUGGING_FACE_HUB_TOKEN);
  if (token !== undefined) return token;
  const file = nonEmpty(HF_TOKEN_PATH) ?? path.join(hubHome(), "token");
  return nonEmpty(await readFile(file, "utf8").catch(() => undefined));
}

/** Folder of the cache that Hugging Face's own tools share. */
export function hubCacheDirectory(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  return nonEmpty(HF_HUB_CACHE) ?? nonEmpty(HUGGINGFACE_HUB_CACHE) ?? path.join(hubHome(), "hub");
}

function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return nonEmpty(HF_HOME) ?? path.join(nonEmpty(XDG_CACHE_HOME) ?? path.join(os.homedir(), ".cache"), "huggingface");
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === "" ? undefined : trimmed;
}
