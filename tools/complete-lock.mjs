// `npm run lock`, after a change of dependencies. npm leaves out of package-lock.json the native packages
// of other platforms that it did not find or need where it ran, and then `npm ci` refuses the file, or
// another platform goes without them. This adds what the packages themselves name, by exact version.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

for (const [path, description] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(description.optionalDependencies ?? {})) {
    const own = `${path}/node_modules/${name}`;
    const shared = `node_modules/${name}`;
    if (own in lock.packages || shared in lock.packages) continue;
    lock.packages[shared] = {
      version,
      ...(description.dev && { dev: true }),
      optional: true,
      ...platformOf(name),
    };
  }
}
const byPath = ([left], [right]) => left.localeCompare(right, "en");
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byPath));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

/** Native packages are named after where they run: "@oxlint/binding-linux-arm64-musl". */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  const found = (known) => words.filter((word) => known.includes(word));
  const os = found([
    "aix",
    "android",
    "darwin",
    "freebsd",
    "linux",
    "netbsd",
    "openbsd",
    "openharmony",
    "sunos",
    "win32",
  ]);
  const cpu = found([
    "arm",
    "arm64",
    "ia32",
    "loong64",
    "mips64el",
    "ppc64",
    "riscv64",
    "s390x",
    "x64",
  ]);
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`On which platform does ${name} run?`);
  const libc = words.at(-1).startsWith("musl")
    ? ["musl"]
    : words.at(-1).startsWith("gnu")
      ? ["glibc"]
      : [];
  return { os, cpu, ...(libc.length > 0 && { libc }) };
}
