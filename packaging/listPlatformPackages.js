import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

// Makes the package of a release of the packed one: the platform packages given are its optional dependencies, at this very
// version, so that who installs it gets the one that fits. package.json lists none, as Yarn does not install a clone of which
// the registry lacks one.
//   node packaging/listPlatformPackages.js <tarball> <tarball of a platform package>...

const [tarball, ...platformTarballs] = process.argv.slice(2).map((file) => path.resolve(file));
const folder = mkdtempSync(path.join(os.tmpdir(), "mixllm-release-"));
try {
  execFileSync("tar", ["-xzf", tarball, "-C", folder]);
  const root = path.join(folder, "package");
  const file = path.join(root, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  manifest.optionalDependencies = Object.fromEntries(
    platformTarballs.map((platformTarball) => {
      const { name, version } = JSON.parse(execFileSync("tar", ["-xzOf", platformTarball, "package/package.json"]));
      if (version !== manifest.version)
        throw new Error(`${platformTarball} is of version ${version}, and ${tarball} of ${manifest.version}`);
      return [name, version];
    })
  );
  writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", path.dirname(tarball)];
  execFileSync("npm", args, { cwd: root, shell: process.platform === "win32" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
