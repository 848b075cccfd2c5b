import { Progress } from "../../common/cli/Progress.js";
import { InvalidInputError } from "../../common/errors.js";
import { downloadModel } from "./downloadModel.js";
import { isHubUri, parseHubUri } from "./HubSource.js";
import { hubCacheDirectory, hubEndpoint, hubToken } from "./hubSettings.js";

/**
 * Where a model to convert is on this machine, which downloads it first when it is named by where it is on the Hub.
 *
 * @param source a path, `hf:organization/name[@revision]`, or the URI of a GGUF file as node-llama-cpp writes them
 * @throws {InvalidInputError} there is no such model, or it may not be read
 * @throws {MixLlmError} it cannot be downloaded
 */
export async function fetchSource(
  source: string,
  options: { endpoint?: string | undefined; quiet: boolean; signal: AbortSignal }
): Promise<string> {
  const { signal, quiet } = options;
  if (!isHubUri(source)) {
    if (options.endpoint !== undefined)
      throw new InvalidInputError(`--endpoint has no effect on ${source}, which is not on the Hub`, {
        fix: "Leave it out."
      });
    return source;
  }
  const endpoint = hubEndpoint(options.endpoint);
  const token = await hubToken();
  const hubSource = parseHubUri(source);
  const progress = new Progress(`Downloading ${source}`, { quiet });
  try {
    const file =
      hubSource === undefined
        ? await fetchGguf(source, endpoint, token, signal, (fraction) => progress.update(fraction))
        : await downloadModel(hubSource, {
            endpoint,
            token,
            cacheDirectory: hubCacheDirectory(),
            signal,
            progress: (fraction, detail) => progress.update(fraction, detail)
          });
    progress.succeed();
    return file;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

/** Downloads a GGUF file as node-llama-cpp does, to where it keeps its own. */
async function fetchGguf(
  uri: string,
  endpoint: string,
  token: string | undefined,
  signal: AbortSignal,
  progress: (fraction: number) => void
): Promise<string> {
  const { resolveModelFile } = await import("node-llama-cpp");
  try {
    return await resolveModelFile(uri, {
      cli: false,
      signal,
      endpoints: { huggingFace: `${endpoint}/` },
      ...(token === undefined ? {} : { tokens: { huggingFace: token } }),
      onProgress: ({ downloadedSize, totalSize }) => progress(downloadedSize / totalSize)
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new InvalidInputError(`${uri} cannot be had from ${endpoint}: ${(error as Error).message}`, {
      fix: "Check its name, and HF_TOKEN where it is private; the same command goes on where it stopped.",
      cause: error
    });
  }
}
