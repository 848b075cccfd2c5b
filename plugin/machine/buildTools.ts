import { findProgram } from "../../common/processes.js";

/** A program that building the runtime needs. */
export type BuildTool = "compiler" | "cmake" | "make" | "git";

/** Programs that can do each tool's work, best first. `CXX` goes before all when it is set. */
const PROGRAMS: Readonly<Record<BuildTool, readonly string[]>> = {
  compiler: process.platform === "win32" ? ["cl", "clang-cl"] : ["c++", "g++", "clang++"],
  cmake: ["cmake"],
  make: process.platform === "win32" ? ["ninja", "msbuild"] : ["ninja", "make", "gmake"],
  git: ["git"]
};

/**
 * Looks for the programs that building the runtime needs.
 *
 * Visual Studio's compiler is found by CMake through its own registry and is seldom on PATH, so on Windows
 * `compiler` and `make` may be `undefined` on a machine that builds well.
 *
 * @returns path of the program found for each tool
 */
export async function findBuildTools(): Promise<Readonly<Record<BuildTool, string | undefined>>> {
  const found: Record<BuildTool, string | undefined> = {
    compiler: undefined,
    cmake: undefined,
    make: undefined,
    git: undefined
  };
  for (const tool of Object.keys(PROGRAMS) as BuildTool[]) {
    const override = tool === "compiler" ? process.env["CXX"] : undefined;
    const names = override === undefined || override === "" ? PROGRAMS[tool] : [override, ...PROGRAMS[tool]];
    for (const name of names) found[tool] ??= await findProgram(name);
  }
  return found;
}

/** Something that a system's package manager can install and this package's build needs. */
export type InstallableTool = "compiler" | "cmake" | "make" | "git" | "cuda";

/** Package managers in the order they are looked for, the start of their command, and their package names. */
const PACKAGE_MANAGERS: readonly {
  program: string;
  command: string;
  packages: Readonly<Record<InstallableTool, string | undefined>>;
}[] = [
  {
    program: "apt-get",
    command: "apt-get install -y",
    packages: { compiler: "build-essential", cmake: "cmake", make: "make", git: "git", cuda: "nvidia-cuda-toolkit" }
  },
  {
    program: "dnf",
    command: "dnf install -y",
    packages: { compiler: "gcc-c++", cmake: "cmake", make: "make", git: "git", cuda: undefined }
  },
  {
    program: "yum",
    command: "yum install -y",
    packages: { compiler: "gcc-c++", cmake: "cmake", make: "make", git: "git", cuda: undefined }
  },
  {
    program: "pacman",
    command: "pacman -S --needed",
    packages: { compiler: "base-devel", cmake: "cmake", make: "make", git: "git", cuda: "cuda" }
  },
  {
    program: "zypper",
    command: "zypper install -y",
    packages: { compiler: "gcc-c++", cmake: "cmake", make: "make", git: "git", cuda: undefined }
  },
  {
    program: "apk",
    command: "apk add",
    packages: { compiler: "build-base", cmake: "cmake", make: "make", git: "git", cuda: undefined }
  },
  {
    program: "brew",
    command: "brew install",
    packages: { compiler: undefined, cmake: "cmake", make: undefined, git: "git", cuda: undefined }
  },
  {
    program: "winget",
    command: "winget install",
    packages: {
      compiler: "Microsoft.VisualStudio.2022.BuildTools",
      cmake: "Kitware.CMake",
      make: "Ninja-build.Ninja",
      git: "Git.Git",
      cuda: "Nvidia.CUDA"
    }
  }
];

/**
 * The command that installs tools with this machine's package manager; `undefined` when no known package manager has
 * all of them.
 */
export async function installCommand(tools: readonly InstallableTool[]): Promise<string | undefined> {
  // Apple's own installer brings the compiler, make and Git at once.
  if (process.platform === "darwin" && tools.some((tool) => tool === "compiler" || tool === "make")) {
    const rest = tools.filter((tool) => tool === "cmake");
    return ["xcode-select --install", ...(rest.length > 0 ? ["brew install cmake"] : [])].join(" && ");
  }
  for (const { program, command, packages } of PACKAGE_MANAGERS) {
    if ((await findProgram(program)) === undefined) continue;
    const names = tools.map((tool) => packages[tool]);
    if (names.includes(undefined)) return undefined;
    const asRoot = process.getuid !== undefined && process.getuid() !== 0 && program !== "brew" ? "sudo " : "";
    return `${asRoot}${command} ${[...new Set(names)].join(" ")}`;
  }
  return undefined;
}
