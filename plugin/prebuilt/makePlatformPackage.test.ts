import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { MissingBuildToolsError } from "../errors.js";
import { makePlatformPackage } from "./makePlatformPackage.js";

afterEach(() => vi.unstubAllEnvs());

test.runIf(process.platform === "linux")(
  "names the cross compiler that is missing, and Debian's package of it",
  async () => {
    const directory = temporaryDirectory();
    for (const name of ["c++", "cmake", "make", "git"]) {
      await writeFile(path.join(directory, name), "#!/bin/sh\n");
      await chmod(path.join(directory, name), 0o755);
    }
    vi.stubEnv("PATH", directory);
    vi.stubEnv("MIXLLM_CACHE_DIR", path.join(directory, "cache"));
    const making = makePlatformPackage({ target: "win32-x64", outputDirectory: directory, quiet: true });
    await expect(making).rejects.toThrow(MissingBuildToolsError);
    await expect(making).rejects.toThrow(
      "needs x86_64-w64-mingw32-g++-posix (Debian's g++-mingw-w64-x86-64-posix): not found on this machine"
    );
  }
);
