import { unknownWord } from "./arguments.ts";
import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";
import { UsageError } from "./settings.ts";

interface SnapshotFacts {
  readonly name: string;
  /** By the server's clock, in ISO 8601. */
  readonly savedAt: string;
  readonly sizeBytes: number;
}

const verbs = ["save", "load", "list", "delete"];

/** Saves, loads, lists and deletes copies of a running server's state. */
export async function snapshot(
  configuration: Configuration,
  [verb = "list", name, ...rest]: readonly string[],
): Promise<number> {
  if (!verbs.includes(verb)) throw unknownWord("snapshot", verb, verbs);
  if (rest.length > 0 || (verb === "list") !== (name === undefined)) {
    throw new UsageError(`use: tule snapshot ${verb}${verb === "list" ? "" : " NAME"}`);
  }
  if (verb === "list") return list(configuration);
  const path = `snapshots/${encodeURIComponent(name!)}`;
  if (verb === "save") {
    const saved = await askServer<SnapshotFacts>(configuration, "POST", "snapshots", { name });
    process.stdout.write(`${line(saved)}\n`);
  } else if (verb === "load") {
    await askServer(configuration, "POST", `${path}/load`);
    process.stdout.write(`${name} is loaded\n`);
  } else {
    await askServer(configuration, "DELETE", path);
    process.stdout.write(`${name} is deleted\n`);
  }
  return 0;
}

async function list(configuration: Configuration): Promise<number> {
  const page = await askServer<{ snapshots: SnapshotFacts[] }>(configuration, "GET", "snapshots");
  const width = Math.max(0, ...page.snapshots.map(({ name }) => name.length));
  const lines = page.snapshots.map((facts) => line(facts, width));
  process.stdout.write(`${lines.length === 0 ? "no snapshots" : lines.join("\n")}\n`);
  return 0;
}

/** "baseline  2026-11-25T15:00:00.000Z  1.2 GB". */
function line({ name, savedAt, sizeBytes }: SnapshotFacts, width = 0): string {
  return `${name.padEnd(width)}  ${savedAt}  ${sizeOf(sizeBytes)}`;
}

function sizeOf(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 ? size : size.toPrecision(3)} ${units[unit]}`;
}
