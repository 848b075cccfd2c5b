import { chmod, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { MixLlmError } from "../../common/errors.js";
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

test.runIf(process.platform !== "darwin").each(["darwin-arm64", "darwin-x64"])(
  "%s is refused where there is no macOS, with why and where it can be made",
  async (target) => {
    const directory = temporaryDirectory();
    // Should it try to build, it has nothing to build with.
    vi.stubEnv("PATH", directory);
    vi.stubEnv("MIXLLM_CACHE_DIR", path.join(directory, "cache"));
    const making = makePlatformPackage({ target, outputDirectory: directory, quiet: true });
    await expect(making).rejects.toThrow(MixLlmError);
    await expect(making).rejects.toThrow(
      `@mixllm/${target} can only be built on a Mac, and this is ${process.platform} ${process.arch}: the headers`
    );
    await expect(making).rejects.toMatchObject({
      fix: `Run \`npx mixllm package --target ${target}\` on a Mac, of either kind.`
    });
    expect(await readdir(directory)).toEqual([]);
  }
);
