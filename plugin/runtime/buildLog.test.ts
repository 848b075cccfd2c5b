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
  "c++: fatal error: Killed signal terminated program cc1plus",
  "/usr/bin/ld: cannot find crt1.o: No such file or directory",
  "ld: library not found for -lfoo"
])("finds %s", (line) => {
  expect(
    summarizeBuildLog(
      `-- Looking for pthread.h\nfatal: not a git repository: .git\n${line}\nmake: *** [all] Error 2`
    )[0]
  ).toBe(line);
});

/** As CMake 3.25 prints it to stderr, with a line of what goes to stdout in between. */
const UNTESTABLE_COMPILER = `CMake Error at /usr/share/cmake/Modules/CMakeTestCCompiler.cmake:70 (message):
  The C compiler

    "/usr/bin/cc"

  is not able to compile a simple test program.

  It fails with the following output:

    Change Dir: /work/build/CMakeFiles/CMakeScratch/TryCompile-jxSGqg
    
    Run Build Command(s):/usr/bin/gmake -f Makefile cmTC_64e50/fast
    gmake[1]: Entering directory '/work/build/CMakeFiles/CMakeScratch/TryCompile-jxSGqg'
    [ 50%] Building C object CMakeFiles/cmTC_64e50.dir/testCCompiler.c.o
    /usr/bin/cc -Werror -o CMakeFiles/cmTC_64e50.dir/testCCompiler.c.o -c testCCompiler.c
-- Configuring incomplete, errors occurred!
    [100%] Linking C executable cmTC_64e50
    /usr/bin/cmake -E cmake_link_script CMakeFiles/cmTC_64e50.dir/link.txt --verbose=1
    /usr/bin/cc CMakeFiles/cmTC_64e50.dir/testCCompiler.c.o -o cmTC_64e50
    /usr/bin/ld: cannot find crt1.o: No such file or directory
    collect2: error: ld returned 1 exit status
    gmake[1]: *** [CMakeFiles/cmTC_64e50.dir/build.make:99: cmTC_64e50] Error 1

  CMake will not be able to correctly generate this project.
Call Stack (most recent call first):
  CMakeLists.txt:2 (project)
`;

test("gives the cause that CMake quotes late in a long complaint, with the beginning of that", () => {
  expect(summarizeBuildLog(UNTESTABLE_COMPILER)).toEqual([
    "CMake Error at /usr/share/cmake/Modules/CMakeTestCCompiler.cmake:70 (message):",
    "  The C compiler",
    '    "/usr/bin/cc"',
    "  is not able to compile a simple test program.",
    "  …",
    "    /usr/bin/ld: cannot find crt1.o: No such file or directory",
    "    collect2: error: ld returned 1 exit status",
    "    gmake[1]: *** [CMakeFiles/cmTC_64e50.dir/build.make:99: cmTC_64e50] Error 1",
    "  CMake will not be able to correctly generate this project."
  ]);
});

test("gives a complaint of CMake's whole where it is short, whatever it says last", () => {
  const complaint = [
    "CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:230 (message):",
    "  Could NOT find CUDAToolkit",
    "  (missing:",
    "  CUDAToolkit_INCLUDE_DIRS",
    "  CUDA_CUDART)",
    "  Reason given by package: version 10 is too old"
  ];
  expect(summarizeBuildLog(["-- Looking", ...complaint, "Call Stack (most recent call first):"].join("\n\n"))).toEqual(
    complaint
  );
});

test("gives the end of an output without any, and cuts lines that are too long to read", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  expect(summarizeBuildLog(lines.join("\n"))).toEqual(lines.slice(-12));
  expect(summarizeBuildLog(`error: ${"x".repeat(1000)}`)[0]).toHaveLength(241);
  expect(summarizeBuildLog("")).toEqual([]);
});
