import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectFolder = fileURLToPath(new URL("..", import.meta.url));
/** Where --install-peers puts the peers, a folder each. */
export const peersFolder = join(projectFolder, ".cache", "peers");
/** Data of the servers under test: on the project's own disk, for a temporary folder may be memory. */
export const dataFolder = join(projectFolder, ".cache", "bench");
export const resultsFolder = join(projectFolder, "bench", "results");

/** The first of the commands that is on the PATH. */
export function findCommand(...names: string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.find((name) => folders.some((folder) => existsSync(join(folder, name))));
}
