import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { packageRoot } from "../../common/package.js";
import { freeDiskBytes } from "../../common/files/destination.js";
import { findPlatformPackage } from "../prebuilt/platformPackage.js";
import { describeRuntime } from "../runtime/describeRuntime.js";
import { writeBuildStatus } from "../runtime/buildStatus.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { LEAST_CMAKE, LEAST_NODE } from "./machineFindings.js";
import { cacheFinding } from "./buildFindings.js";
import { examineMachine } from "./examineMachine.js";

vi.mock("../../common/files/destination.js", { spy: true });
vi.mock("../prebuilt/platformPackage.js", { spy: true });

afterEach(() => {
  vi.unstubAllEnvs();
  vi.mocked(findPlatformPackage).mockReset();
});

const find = async (name: string) => (await examineMachine()).find((finding) => finding.name === name);

test("reports each part of this machine, and nothing missing where the tests themselves are built", async () => {
  vi.stubEnv("MIXLLM_CACHE_DIR", temporaryDirectory());
  const findings = await examineMachine();
  expect(findings.map((finding) => finding.name)).toEqual(
    expect.arrayContaining([
      "Node.js",
      "node-llama-cpp",
      "C++ compiler",
      "CMake",
      "Ninja or Make",
      "Git",
      "CPU",
      "NVIDIA GPU",
      "CUDA toolkit",
      "Runtime (CPU)",
      "Tools (CPU)",
      "Disk"
    ])
  );
  expect(findings.filter((finding) => finding.status === "missing")).toEqual([]);
  for (const finding of findings) expect(finding.detail, finding.name).not.toBe("");
});

test.runIf(process.platform === "linux")(
  "misses nothing for a build where a platform package brings the runtime",
  async () => {
    vi.stubEnv("MIXLLM_CACHE_DIR", temporaryDirectory());
    vi.stubEnv("PATH", temporaryDirectory());
    vi.stubEnv("CXX", "");
    vi.mocked(findPlatformPackage).mockResolvedValue({ name: "@mixllm/linux-x64", misfit: "is not installed" });
    expect(await find("Runtime (CPU)")).toMatchObject({
      status: "note",
      detail: "not built yet; that happens on first use and takes minutes, as @mixllm/linux-x64 is not installed"
    });
    expect(await find("CMake")).toMatchObject({ status: "missing" });
    vi.mocked(findPlatformPackage).mockResolvedValue({ name: "@mixllm/linux-x64", directory: "/app", key: "0123" });
    expect(await find("Runtime (CPU)")).toMatchObject({ status: "ok", detail: "in @mixllm/linux-x64: /app" });
    expect(await find("CMake")).toMatchObject({ status: "note" });
    expect(await find("Tools (CPU)")).toMatchObject({ status: "note" });
  }
);

test.runIf(process.platform === "linux")("says how to get what is missing", async () => {
  const folder = temporaryDirectory();
  for (const program of ["apt-get", "git"]) {
    await writeFile(path.join(folder, program), "#!/bin/sh\necho version 1\n");
    await chmod(path.join(folder, program), 0o755);
  }
  vi.stubEnv("PATH", folder);
  vi.stubEnv("CXX", "");
  expect(await find("CMake")).toEqual({
    name: "CMake",
    status: "missing",
    detail: "not found",
    fix: expect.stringMatching(/apt-get install -y cmake/) as unknown
  });
  expect(await find("C++ compiler")).toMatchObject({ status: "missing" });
  expect(await find("Git")).toMatchObject({ status: "ok", detail: `${path.join(folder, "git")}: version 1` });
});

test.runIf(process.platform === "linux").each([
  ["3.18.6", "missing"],
  ["3.19.0", "ok"],
  ["4.0.1", "ok"]
] as const)("CMake %s is %s", async (version, status) => {
  const folder = temporaryDirectory();
  const cmake = path.join(folder, "cmake");
  await writeFile(cmake, `#!/bin/sh\necho cmake version ${version}\n`);
  await chmod(cmake, 0o755);
  vi.stubEnv("PATH", `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`);
  expect(await find("CMake")).toMatchObject({ status, detail: `${cmake}: cmake version ${version}` });
});

test("asks for the versions that the package and its build do", async () => {
  const { engines } = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  expect(engines.node).toBe(`>=${LEAST_NODE}`);
  const cmakeLists = await readFile(path.join(packageRoot, "CMakeLists.txt"), "utf8");
  expect(cmakeLists).toContain(`cmake_minimum_required(VERSION ${LEAST_CMAKE})`);
});

test.runIf(process.platform === "linux")("knows a GPU, and then the CUDA build's state too", async () => {
  const folder = temporaryDirectory();
  const driver = path.join(folder, "nvidia-smi");
  await writeFile(driver, '#!/bin/sh\necho "NVIDIA Test, 9.0, 81559, 550.1"\n');
  await chmod(driver, 0o755);
  vi.stubEnv("PATH", `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`);
  expect(await find("NVIDIA GPU")).toMatchObject({
    status: "ok",
    detail: "NVIDIA Test (compute capability 9.0, 79.6 GiB), driver 550.1"
  });
  expect(await find("Runtime (CUDA)")).toBeDefined();
});

test("tells a failed and an interrupted build from none", async () => {
  vi.stubEnv("MIXLLM_CACHE_DIR", temporaryDirectory());
  expect((await find("Runtime (CPU)"))?.detail).toMatch(/^not built yet/);
  const { key, workDirectory } = await describeRuntime(false);
  await mkdir(workDirectory, { recursive: true });
  const pidThatIsNone = 2 ** 22 + 1;
  const status = {
    key,
    pid: pidThatIsNone,
    fraction: 0.42,
    step: "compiling",
    updatedAt: new Date().toISOString(),
    logFile: "/cache/build.log"
  };
  await writeBuildStatus(workDirectory, { ...status, state: "building" });
  expect((await find("Runtime (CPU)"))?.detail).toBe("building it was interrupted at 42 %");
  await writeBuildStatus(workDirectory, { ...status, state: "building", pid: process.pid });
  expect((await find("Runtime (CPU)"))?.detail).toBe(`process ${process.pid} is building it, 42 % done`);
  await writeBuildStatus(workDirectory, { ...status, state: "failed" });
  expect(await find("Runtime (CPU)")).toMatchObject({
    status: "missing",
    detail: "the last build failed; its log is /cache/build.log"
  });
});

test("tells of a cache that cannot be written, and of one that can be though it is not there yet", async () => {
  vi.stubEnv("MIXLLM_CACHE_DIR", path.join(temporaryDirectory(), "not", "there", "yet"));
  expect(await find("Disk")).toMatchObject({ status: "ok" });
  vi.stubEnv("MIXLLM_CACHE_DIR", import.meta.filename);
  expect(await find("Disk")).toMatchObject({
    status: "missing",
    detail: `cannot write in ${import.meta.filename}: part of its path is not a directory`,
    fix: "Set the environment variable MIXLLM_CACHE_DIR to a folder that you may write to."
  });
});

test("tells of a disk with less room than what is still to be built takes", async () => {
  vi.mocked(freeDiskBytes).mockResolvedValueOnce(5e8).mockResolvedValueOnce(5e8);
  expect(await cacheFinding(undefined)).toMatchObject({ status: "ok" });
  expect(await cacheFinding(6e8)).toMatchObject({
    status: "note",
    detail: expect.stringMatching(/^477 MiB free in .*; building takes up to 572 MiB$/) as unknown
  });
});
