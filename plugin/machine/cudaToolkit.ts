import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { findProgram, runProgram } from "../../common/processes.js";

/** What of NVIDIA's CUDA toolkit was found. Building for CUDA takes all of it. */
export interface CudaToolkit {
  /** Path of the CUDA compiler. */
  readonly nvcc: string | undefined;
  /** Its release, such as `13.0`. */
  readonly version: string | undefined;
  /** Path of the cuBLAS library to link against. */
  readonly cublas: string | undefined;
  /** Path of cuBLAS's C header. */
  readonly cublasHeader: string | undefined;
}

const WINDOWS = process.platform === "win32";

/**
 * Looks for the CUDA toolkit: through PATH and CUDA_PATH/CUDA_HOME first, then where NVIDIA's installers put it, newest first.
 *
 * nvcc comes without cuBLAS in slim installations (build servers, containers), so each part is looked for on its own, but all
 * in the toolkit that nvcc belongs to or, for a distribution's packages, in the system's folders.
 */
export async function findCudaToolkit(): Promise<CudaToolkit> {
  const roots = await toolkitRoots();
  let nvcc: string | undefined;
  for (const root of roots) nvcc ??= await existing(path.join(root, "bin", WINDOWS ? "nvcc.exe" : "nvcc"));
  nvcc ??= await findProgram("nvcc");
  if (nvcc === undefined) return { nvcc: undefined, version: undefined, cublas: undefined, cublasHeader: undefined };

  const version = /release (\d+\.\d+)/.exec((await runProgram(nvcc, ["--version"])) ?? "")?.[1];
  const ownRoot = path.dirname(path.dirname(await realpath(nvcc)));
  const prefixes = [ownRoot, ...roots, ...(WINDOWS ? [] : ["/usr"])];
  let cublas: string | undefined;
  let cublasHeader: string | undefined;
  for (const prefix of prefixes) {
    for (const folder of await libraryFolders(prefix))
      cublas ??= await existing(path.join(folder, WINDOWS ? "cublas.lib" : "libcublas.so"));
    for (const folder of ["include", ...(await targetFolders(prefix, "include"))])
      cublasHeader ??= await existing(path.join(prefix, folder, "cublas_v2.h"));
  }
  return { nvcc, version, cublas, cublasHeader };
}

async function toolkitRoots(): Promise<string[]> {
  const roots = [process.env["CUDA_PATH"], process.env["CUDA_HOME"]].filter(
    (root): root is string => root !== undefined && root !== ""
  );
  if (WINDOWS) {
    const folder = path.join(
      process.env["ProgramFiles"] ?? "C:\\Program Files",
      "NVIDIA GPU Computing Toolkit",
      "CUDA"
    );
    roots.push(...(await versionedFolders(folder, "v")));
  } else {
    roots.push("/usr/local/cuda", ...(await versionedFolders("/usr/local", "cuda-")), "/opt/cuda");
  }
  return roots;
}

/** Subfolders whose name is a prefix and a version, newest first. */
async function versionedFolders(folder: string, prefix: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && /^\d/.test(name.slice(prefix.length)))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => path.join(folder, name));
}

async function libraryFolders(prefix: string): Promise<string[]> {
  const folders = WINDOWS
    ? [path.join("lib", "x64"), path.join("lib", "arm64")]
    : ["lib64", "lib", `lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`];
  return [...folders, ...(await targetFolders(prefix, "lib"))].map((folder) => path.join(prefix, folder));
}

async function targetFolders(prefix: string, leaf: string): Promise<string[]> {
  const targets = await readdir(path.join(prefix, "targets")).catch(() => []);
  return targets.map((target) => path.join("targets", target, leaf));
}

async function existing(file: string): Promise<string | undefined> {
  return (await stat(file).catch(() => undefined))?.isFile() === true ? file : undefined;
}

/** What a CUDA build needs and a toolkit lacks, in words; empty when it is whole. */
export function missingCudaParts(toolkit: CudaToolkit): readonly string[] {
  const missing: string[] = [];
  if (toolkit.nvcc === undefined) missing.push("the CUDA compiler (nvcc)");
  if (toolkit.cublas === undefined || toolkit.cublasHeader === undefined) missing.push("cuBLAS with its headers");
  return missing;
}
