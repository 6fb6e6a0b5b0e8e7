import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, peersFolder } from "./folders.ts";

const versions = {
  dynamodbLocal: "3.3.1",
  dynalite: "4.0.0",
  moto: "5.2.5",
  ministack: "1.5.33",
};

const limitMs = 10 * 60_000;

/** Puts each peer into a folder of its own under .cache/peers; says of each what became of it. */
export function installPeers(): void {
  installOne("dynamodb-local", versions.dynamodbLocal, installDynamodbLocal);
  installOne("dynalite", versions.dynalite, installDynalite);
  installOne("moto", versions.moto, (folder) =>
    installPythonServer(folder, `moto[server]==${versions.moto}`),
  );
  installOne("ministack", versions.ministack, (folder) =>
    installPythonServer(folder, `ministack==${versions.ministack}`),
  );
}

function installOne(
  name: string,
  version: string,
  install: (folder: string) => string | undefined,
): void {
  const folder = join(peersFolder, name);
  // Written last: a folder without it is a half-done installation, one with another version an old one.
  const stamp = join(folder, "installed-version");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) {
    console.log(`${name} ${version}: installed before (${folder})`);
    return;
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const problem = install(folder);
  if (problem === undefined) writeFileSync(stamp, version);
  console.log(`${name} ${version}: ${problem === undefined ? "installed" : `skipped: ${problem}`}`);
}

function installDynamodbLocal(folder: string): string | undefined {
  if (findCommand("java") === undefined) return "no java on the PATH";
  if (findCommand("mvn") === undefined) return "no mvn on the PATH";
  writeFileSync(
    join(folder, "pom.xml"),
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bench</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>software.amazon.dynamodb</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>${versions.dynamodbLocal}</version>
    </dependency>
  </dependencies>
</project>
`,
  );
  return run("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], folder);
}

function installDynalite(folder: string): string | undefined {
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, dependencies: { dynalite: versions.dynalite } }),
  );
  return run("npm", ["install", "--no-audit", "--no-fund"], folder);
}

function installPythonServer(folder: string, requirement: string): string | undefined {
  const python = findCommand("python3", "python");
  if (python === undefined) return "no python3 on the PATH";
  return (
    run(python, ["-m", "venv", folder], folder) ??
    run(join(folder, "bin", "pip"), ["install", "--quiet", requirement], folder)
  );
}

/** What went wrong, or undefined. */
function run(file: string, parameters: readonly string[], folder: string): string | undefined {
  const ended = spawnSync(file, parameters, { cwd: folder, encoding: "utf8", timeout: limitMs });
  if (ended.status === 0) return undefined;
  const words = `${ended.error?.message ?? ""} ${ended.stderr} ${ended.stdout}`.trim();
  return `${file} failed: ${words.slice(-500)}`;
}
