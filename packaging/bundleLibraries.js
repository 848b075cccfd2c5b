import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { build } from "esbuild";

// Puts the libraries that `dist/` imports into it, as far as package.json does not list them as dependencies, so that who
// installs the package gets what it uses of them and no more. Every file of `dist/` stays where it is and imports the others as
// before, and those that import no such library stay as they are; a library that several use is in a file of `dist/libraries/`,
// with the licenses of all beside it.

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, "dist");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
const bundled = Object.keys(manifest.devDependencies);

/** Leaves what is installed, and this package's own files, to be imported at run time. */
const leaveImports = {
  name: "leave imports",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ path: specifier, importer, kind }) => {
      if (kind === "entry-point" || !importer.startsWith(dist) || isBuiltin(specifier)) return undefined;
      if (specifier.startsWith(".")) return { path: specifier, external: true };
      const name = packageName(specifier);
      if (installed.includes(name)) return { path: specifier, external: true };
      return bundled.includes(name) ? undefined : { errors: [{ text: `package.json does not list ${name}` }] };
    });
  }
};

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith(".js"))
    .map((file) => path.join("dist", file)),
  outbase: "dist",
  outdir: "dist",
  chunkNames: "libraries/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: `node${/[\d.]+/.exec(manifest.engines.node)}`,
  plugins: [leaveImports],
  metafile: true,
  write: false,
  allowOverwrite: true,
  logLevel: "warning"
});

/** CommonJS libraries require Node's own modules, and an ES module has no `require` but the one that it makes. */
const MAKE_REQUIRE = 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\n';

mkdirSync(path.join(dist, "libraries"), { recursive: true });
for (const { path: file, text } of outputFiles) {
  const { entryPoint } = metafile.outputs[path.relative(root, file).replaceAll("\\", "/")];
  if (entryPoint !== undefined && metafile.inputs[entryPoint].imports.every(({ external }) => external)) continue;
  const requires = text.includes("Error('Dynamic require of \"");
  writeFileSync(file, requires ? MAKE_REQUIRE + text : text);
}
writeFileSync(path.join(dist, "libraries", "LICENSES.txt"), licenses());

function packageName(specifier) {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The license of each package of which something was bundled. */
function licenses() {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)]
    .sort()
    .map(license)
    .join(`\n${"-".repeat(80)}\n\n`);
}

function license(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8"));
  const texts = readdirSync(path.join(root, folder))
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(path.join(root, folder, file), "utf8").trim());
  if (texts.length === 0)
    texts.push(`Copyright by ${author?.name ?? author ?? "its authors"}; the package has no text of its license.`);
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}
