// Makes the server's sources into the few files that start quickly: one module for what every start needs, and
// one for each thing that only some commands load. Runs on any Node from 20.20 on.
import { build, stop } from "esbuild";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dayMs = 24 * 60 * 60 * 1000;

/** The checkout's own bundle: what `npm start`, `bin/tule` and the tests of whole processes run. */
export const checkoutBundle = join(root, ".cache/server/tule.mjs");

/** Writes `tule.mjs` and its parts into the folder. `external` names the packages that stay packages. */
export async function bundle(folder, external = []) {
  const { outputFiles } = await build({
    entryPoints: { tule: join(root, "src/cli/main.ts") },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // What start does not need stays in files of its own, as the sources load it.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    external,
    legalComments: "external",
    logLevel: "warning",
    write: false,
  });
  await stop();
  mkdirSync(folder, { recursive: true });
  // The entry last, and each whole or not at all: a server may be started from here at this moment.
  const entryLast = outputFiles.toSorted((a, b) => isEntry(a.path) - isEntry(b.path));
  for (const { path, contents } of entryLast) {
    mkdirSync(dirname(path), { recursive: true });
    const written = `${path}.${process.pid}`;
    writeFileSync(written, contents);
    renameSync(written, path);
  }
}

/** Brings the checkout's bundle up to date with the sources; takes some milliseconds if it is. */
export async function bundleCheckout() {
  const startedAt = new Date();
  if (existsSync(checkoutBundle) && statSync(checkoutBundle).mtime >= newestSource()) return;
  const folder = dirname(checkoutBundle);
  await bundle(folder);
  // As old as the moment before the sources were read: what is saved meanwhile counts as newer.
  utimesSync(checkoutBundle, startedAt, startedAt);
  // Parts carry a hash in their names. A server that runs may still load one that no bundle names any more.
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (startedAt - statSync(path).mtime > dayMs) rmSync(path, { force: true });
  }
}

function isEntry(path) {
  return basename(path) === "tule.mjs" ? 1 : 0;
}

/** When a source was last changed, added or taken away. */
function newestSource() {
  const folders = [join(root, "src")];
  let newest = statSync(join(root, "package.json")).mtime;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of [".", ...readdirSync(folder, { withFileTypes: true })]) {
      const path = join(folder, entry.name ?? entry);
      if (entry !== "." && entry.isDirectory()) folders.push(path);
      else newest = newer(newest, statSync(path).mtime);
    }
  }
  return newest;
}

function newer(a, b) {
  return a > b ? a : b;
}
