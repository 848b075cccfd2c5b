/** A program that building the runtime needs. */
export type BuildTool = "compiler" | "cmake" | "make" | "git";
