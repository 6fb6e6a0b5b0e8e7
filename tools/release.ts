import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";

// Makes the package that users install, in dist/: the server as one file (for Node 22 and later, which need
// not know TypeScript), its licence, and a package.json of its own. What it depends on at run time, if anything, is not in the file.

const root = join(import.meta.dirname, "..");
const folder = join(root, process.argv[2] ?? "dist");

const description = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
};
const dependencies = description.dependencies ?? {};

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "bin"), { recursive: true });
await bundle(join(folder, "dist"), Object.keys(dependencies));
for (const file of ["LICENSE", "NOTICE", "README.md", "bin/tule"]) {
  cpSync(join(root, file), join(folder, file));
}
const { name, version, license } = description;
const published = {
  name,
  version,
  description: description.description,
  license,
  type: "module",
  bin: { tule: "bin/tule" },
  engines: { node: ">=22" },
  dependencies,
};
writeFileSync(join(folder, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
console.log(`${folder} holds ${name} ${version}: npm publish ${folder}`);
