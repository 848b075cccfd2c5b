import { createHash } from "node:crypto";
import type { InputFile } from "./InputFile.js";

/** All that decides what a runtime build contains. Equal inputs may share a build, different ones never do. */
export interface RuntimeKeyInputs {
  readonly nodeLlamaCppVersion: string;
  readonly llamaCppRelease: string;
  readonly nodeAddonApiVersion: string;
  readonly platform: string;
  readonly arch: string;
  /** Definitions given to CMake. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
  /** The build is compiled for exactly this CPU. */
  readonly cpuFeatures: readonly string[];
  /** Compute capabilities of the GPUs it is compiled for; empty without CUDA. */
  readonly gpuArchitectures: readonly string[];
  /** Sources, each read in full; the folder they come from does not matter, their relative path does. */
  readonly files: readonly InputFile[];
}

/** Raise when the way a build is made changes while its inputs stay the same. */
const BUILD_RECIPE = 1;

/** Hash of the inputs, 16 lower-case hexadecimal digits. */
export async function runtimeKey(inputs: RuntimeKeyInputs): Promise<string> {
  const { files, cmakeOptions, ...rest } = inputs;
  const fileHashes: [string, string][] = [];
  for (const file of files)
    fileHashes.push([
      file.path,
      createHash("sha256")
        .update(await file.read())
        .digest("hex")
    ]);
  const sortedOptions = Object.entries(cmakeOptions).sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = JSON.stringify([BUILD_RECIPE, rest, sortedOptions, fileHashes]);
  return createHash("sha256").update(whole).digest("hex").slice(0, 16);
}
