import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

// Lets npm, pnpm or Yarn install the packages whose tarballs lie in a folder as if they were published: runs a command with a
// registry of its own, on the loopback interface, which sends who asks for any other package to the registry that npm is set to.
//   node packaging/registry.js <folder> <command> [arguments]

const [folder, program, ...programArguments] = process.argv.slice(2);
const others = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim().replace(/\/$/, "");

/** When every package was published: pnpm and Yarn do not take what is younger than a day. */
const LONG_AGO = "2020-01-01T00:00:00.000Z";

/** Manifest and tarball of each package, by its name. */
const packages = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".tgz"))) {
  const tarball = readFileSync(path.join(folder, file));
  const manifest = JSON.parse(execFileSync("tar", ["-xzO", "package/package.json"], { input: tarball }));
  if (packages.has(manifest.name)) throw new Error(`${folder} holds more than one version of ${manifest.name}`);
  packages.set(manifest.name, { manifest, tarball });
}

const server = createServer(({ url, headers }, response) => {
  const address = decodeURIComponent(url).slice(1);
  const [name] = address.split("/-/");
  const found = packages.get(name);
  if (found === undefined) response.writeHead(302, { Location: others + url }).end();
  else if (address !== name) response.writeHead(200).end(found.tarball);
  else response.writeHead(200).end(JSON.stringify(describe(found, `http://${headers.host}`)));
});

/** What a registry tells of a package of one version. */
function describe({ manifest, tarball }, registry) {
  const { name, version } = manifest;
  const digest = (algorithm, encoding) => createHash(algorithm).update(tarball).digest(encoding);
  const dist = {
    tarball: `${registry}/${name}/-/${path.basename(name)}-${version}.tgz`,
    shasum: digest("sha1", "hex"),
    integrity: `sha512-${digest("sha512", "base64")}`
  };
  const published = { created: LONG_AGO, modified: LONG_AGO, [version]: LONG_AGO };
  return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } }, time: published };
}

server.listen(0, "127.0.0.1", () => {
  const registry = `http://127.0.0.1:${server.address().port}`;
  const settings = {
    npm_config_registry: registry,
    pnpm_config_registry: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1"
  };
  const command = spawn(program, programArguments, { stdio: "inherit", env: { ...process.env, ...settings } });
  command.on("close", (code) => process.exit(code ?? 1));
});
