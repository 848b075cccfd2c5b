import { execFileSync, spawnSync } from "node:child_process";

// Runs clang-format over the project's own C++ and CUDA sources: `--fix` rewrites them, otherwise they are only checked.

const fix = process.argv.includes("--fix");

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.h", "*.c", "*.cpp", "*.cu", "*.cuh"], {
  encoding: "utf8"
})
  .split("\n")
  .filter((file) => file !== "");

if (spawnSync("clang-format", ["--version"]).error !== undefined) {
  console.warn(`SKIPPED: clang-format is not installed, so ${files.length} native source files were not checked.`);
  process.exit(0);
}
if (files.length > 0) {
  const mode = fix ? ["-i"] : ["--dry-run", "--Werror"];
  process.exit(spawnSync("clang-format", [...mode, ...files], { stdio: "inherit" }).status ?? 1);
}
