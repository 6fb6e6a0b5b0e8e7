// Installs what is missing and bundles what changed, so that `npm start` and `npm test` are all that anyone has to type. Runs on
// the Node that is there (20.20 or later): the project's own comes with its packages. `--tests` also
// installs the Python clients that some tests use.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const inRoot = (...parts) => join(root, ...parts);

installPackages();
// Not imported above: its packages may be missing until here.
await (await import("./bundle.mjs")).bundleCheckout();
if (process.argv.includes("--tests")) installPythonClients();

function installPackages() {
  // Written when an installation got to its end: what was installed then.
  const stamp = inRoot("node_modules/.installed-lock.json");
  const wanted = readFileSync(inRoot("package-lock.json"), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  console.error("Installing packages, once (some 300 MB with the project's own Node) ...");
  const npm = run("npm", [
    "ci",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-retry-maxtimeout=10000",
  ]);
  if (npm.error) fail(`npm can't be started: ${npm.error.message}`);
  if (npm.status !== 0) {
    const said = `${npm.stdout}${npm.stderr}`.trim().split("\n").slice(0, 20).join("\n");
    const isOffline = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET/.test(said);
    const hint = isOffline
      ? "The package registry can't be reached; the first start needs it."
      : "The project needs Node 20.20 or later, npm, and 1 GB of disk.";
    fail(`${said}\n\nnpm ci failed. ${hint}`);
  }
  writeFileSync(stamp, wanted);
}

function installPythonClients() {
  const folder = inRoot(".cache/python");
  const stamp = join(folder, "installed.txt");
  const requirements = inRoot("tests/support/python-requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  console.error("Installing the Python clients for the tests, once ...");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(inRoot(".cache"), { recursive: true });
  const steps = [
    ["python3", ["-m", "venv", folder]],
    [
      join(folder, "bin/python"),
      ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    ],
  ];
  for (const [command, argv] of steps) {
    const step = run(command, argv);
    if (step.status === 0) continue;
    const reason = (step.error?.message ?? step.stderr).trim().split("\n").at(-1);
    console.error(`The tests that use Python will be skipped: ${reason}`);
    return;
  }
  writeFileSync(stamp, wanted);
}

function run(command, argv) {
  // Not with the project's own Node, which npm ci takes away under its feet.
  const folders = (process.env.PATH ?? "").split(delimiter);
  const path = folders
    .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
    .join(delimiter);
  return spawnSync(command, argv, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: path },
    // Windows finds npm.cmd through a shell only.
    shell: sep === "\\",
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
