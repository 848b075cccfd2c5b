import { InvalidInputError } from "../../common/errors.js";

/** A model on the Hugging Face Hub, or on a mirror of it. */
export interface HubSource {
  /** `organization/name` */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const SCHEME = /^(?:hf|huggingface):(?:\/\/)?/;

/** A name on the Hub: no path can be made of it that leads elsewhere. */
const REPOSITORY = /^(?:[\w-][\w.-]*\/)[\w-][\w.-]*$/;

/** Whether a source is named by where it is on the Hub, not by a path. */
export function isHubUri(source: string): boolean {
  return SCHEME.test(source);
}

/**
 * Reads `hf:organization/name` and `hf:organization/name@revision`.
 *
 * @returns `undefined` for the URI of a GGUF file as node-llama-cpp writes them, `hf:user/model:BF16` and
 *   `hf:user/model/file.gguf#branch`
 * @throws {InvalidInputError} it is neither
 */
export function parseHubUri(uri: string): HubSource | undefined {
  const rest = uri.replace(SCHEME, "");
  const [, repository = "", revision = "main"] = /^([^@]*)(?:@(.+))?$/.exec(rest) ?? [];
  if (REPOSITORY.test(repository)) return { repository, revision };
  const [, owner = "", model = ""] =
    /^([^/:@]+)\/([^/:@]+)(?:\/.+\.gguf(?:\.part\d+of\d+)?(?:#.+)?|:[\w.-]+)$/i.exec(rest) ?? [];
  if (REPOSITORY.test(`${owner}/${model}`)) return undefined;
  throw new InvalidInputError(`${uri} names no model on the Hugging Face Hub`, {
    fix: "Write hf:organization/name, hf:organization/name@revision, or, of a GGUF, hf:user/model:BF16 or hf:user/model/file.gguf."
  });
}
