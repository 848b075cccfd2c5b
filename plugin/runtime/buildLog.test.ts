import { expect, test } from "vitest";
import { parseBuildProgress, summarizeBuildLog } from "./buildLog.js";

test.each([
  ["[ 42%] Building CXX object a.o", 0.42],
  ["[100%] Built target llama", 1],
  ["[12/300] Building CXX object a.o", 0.04],
  ["[300/300] Linking", 1],
  ["[0/0] nothing", undefined],
  ["a.cpp:[12/300]: error: not at the beginning", undefined],
  ["", undefined]
])("%s", (line, fraction) => {
  expect(parseBuildProgress(line)).toBe(fraction);
});

test("gives a compiler's first error with what follows it", () => {
  const output = [
    "[1/9] Building CXX object a.o",
    "a.cpp:3:1: warning: unused [-Wunused]",
    "[2/9] Building CXX object b.o",
    "FAILED: b.o",
    "/usr/bin/c++ -Werror=odr -c b.cpp",
    "b.cpp:7:5: error: 'x' was not declared in this scope",
    "    7 |     x = 1;",
    "      |     ^",
    "b.cpp:9:5: error: another",
    "ninja: build stopped: subcommand failed."
  ].join("\n");
  expect(summarizeBuildLog(output)).toEqual([
    "b.cpp:7:5: error: 'x' was not declared in this scope",
    "    7 |     x = 1;",
    "      |     ^",
    "b.cpp:9:5: error: another",
    "ninja: build stopped: subcommand failed."
  ]);
});

test.each([
  "CMake Error at CMakeLists.txt:3 (find_package):",
  "/usr/bin/ld: a.o: undefined reference to `f'",
  "fatal error: error writing to /tmp/a.s: No space left on device",
  "error: patch failed: src/a.cpp:1",
  "c++: fatal error: Killed signal terminated program cc1plus"
])("finds %s", (line) => {
  expect(
    summarizeBuildLog(
      `-- Looking for pthread.h\nfatal: not a git repository: .git\n${line}\nmake: *** [all] Error 2`
    )[0]
  ).toBe(line);
});

test("gives the end of an output without any, and cuts lines that are too long to read", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  expect(summarizeBuildLog(lines.join("\n"))).toEqual(lines.slice(-12));
  expect(summarizeBuildLog(`error: ${"x".repeat(1000)}`)[0]).toHaveLength(241);
  expect(summarizeBuildLog("")).toEqual([]);
});
