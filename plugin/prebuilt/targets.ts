/** What a runtime can be built for to be run elsewhere. */
export interface Target {
  /** As Node names it. */
  readonly platform: NodeJS.Platform;
  /** As Node names it. */
  readonly arch: NodeJS.Architecture;
  /** Definitions for CMake. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
  /** How a machine of another kind builds it; absent where only one of the same platform can. */
  readonly cross?: CrossCompilers;
}

/** Debian's cross compilers. */
interface CrossCompilers {
  /** Definitions for CMake besides. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
  /** Debian's package of them. */
  readonly debianPackage: string;
  /** License of what they put into every library. */
  readonly license?: string;
}

/** Options of every such build: nothing of the machine that builds it, and one library of CPU code for each kind of CPU. */
const PORTABLE = {
  GGML_NATIVE: "OFF",
  GGML_OPENMP: "OFF",
  GGML_METAL: "OFF",
  GGML_CUDA: "OFF",
  GGML_BACKEND_DL: "ON",
  GGML_CPU_ALL_VARIANTS: "ON"
};

/**
 * Kinds of x86-64 CPU whose code differs. Of those that ggml knows, cannonlake, icelake and zen4 add instructions that no code of
 * its is written for, and CPUs with AVX but without AVX2 (2011 to 2013) run the code for SSE 4.2.
 */
const X64_VARIANTS = "x64;sse42;haswell;alderlake;skylakex;cascadelake;cooperlake";

/**
 * Kinds of Arm CPU whose code differs: those without dot products, with them, with SVE and products of int8 matrices, and with
 * SVE 2. ggml writes no code for SME, which GCC 12 does not know, and the few CPUs between these run the code of the kind below.
 */
const ARM64_VARIANTS = "armv8.0_1;armv8.2_2;armv8.6_1;armv8.6_2";

/** Kinds of Intel CPU in the Macs that MACOS runs on; Rosetta's has SSE 4.2, and Ice Lake runs the code for Cascade Lake. */
const MAC_X64_VARIANTS = "sse42;haswell;skylakex;cascadelake";

/** Kinds of Apple CPU whose code differs: with dot products, and with products of int8 matrices. M4 adds but SME to them. */
const MAC_ARM64_VARIANTS = "apple_m1;apple_m2_m3";

/** The oldest macOS that node-llama-cpp's own binaries run on. */
const MACOS = "14.0";

/** Targets by `<platform>-<arch>`. */
export const TARGETS: Readonly<Record<string, Target>> = {
  "linux-x64": {
    platform: "linux",
    arch: "x64",
    cmakeOptions: { ...PORTABLE, GGML_CPU_VARIANTS: `${X64_VARIANTS};sapphirerapids` },
    cross: {
      cmakeOptions: crossOptions("Linux", "x86_64", "x86_64-linux-gnu"),
      debianPackage: "g++-x86-64-linux-gnu"
    }
  },
  "linux-arm64": {
    platform: "linux",
    arch: "arm64",
    cmakeOptions: { ...PORTABLE, GGML_CPU_VARIANTS: ARM64_VARIANTS },
    cross: {
      cmakeOptions: crossOptions("Linux", "aarch64", "aarch64-linux-gnu"),
      debianPackage: "g++-aarch64-linux-gnu"
    }
  },
  // For Windows GCC 12 cannot compile the instructions for matrices that Sapphire Rapids has: they run the code for Cooper Lake.
  "win32-x64": {
    platform: "win32",
    arch: "x64",
    cmakeOptions: { ...PORTABLE, GGML_CPU_VARIANTS: X64_VARIANTS },
    cross: {
      cmakeOptions: crossOptions("Windows", "x86_64", "x86_64-w64-mingw32", "-posix"),
      debianPackage: "g++-mingw-w64-x86-64-posix",
      license: "/usr/share/doc/mingw-w64-common/copyright"
    }
  },
  "darwin-arm64": {
    platform: "darwin",
    arch: "arm64",
    cmakeOptions: { ...PORTABLE, ...macOptions("arm64"), GGML_CPU_VARIANTS: MAC_ARM64_VARIANTS }
  },
  "darwin-x64": {
    platform: "darwin",
    arch: "x64",
    cmakeOptions: { ...PORTABLE, ...macOptions("x86_64"), GGML_CPU_VARIANTS: MAC_X64_VARIANTS }
  }
};

/** Apple's compiler on either kind of Mac makes code for both. ggml has Apple's BLAS on by default, beside its CPU code. */
function macOptions(architecture: string): Record<string, string> {
  return { CMAKE_OSX_ARCHITECTURES: architecture, CMAKE_OSX_DEPLOYMENT_TARGET: MACOS, GGML_BLAS: "OFF" };
}

/** @param suffix behind the compilers' names: which threads GCC's library for Windows is made on */
function crossOptions(system: string, processor: string, prefix: string, suffix = ""): Record<string, string> {
  return {
    CMAKE_SYSTEM_NAME: system,
    CMAKE_SYSTEM_PROCESSOR: processor,
    CMAKE_C_COMPILER: `${prefix}-gcc${suffix}`,
    CMAKE_CXX_COMPILER: `${prefix}-g++${suffix}`
  };
}
