import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { realWorld } from "#world/real.ts";
import { isSystemError } from "#world/system-error.ts";
import { sortArguments, type OwnFlags } from "./arguments.ts";
import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";
import { settings as known, UsageError } from "./settings.ts";
import { start } from "./start.ts";

const ownFlags: OwnFlags = {
  "--port": "where the fork listens; 0 picks a free one",
  "--data": "the fork's folder",
  "--from": "where the server is that is forked: PORT or HOST:PORT",
};

/**
 * Starts another server on a copy of a running one's state: of a snapshot, or of this moment's where none is named (or
 * "now"). It runs as `tule start` does; the two share nothing that changes.
 */
export async function fork(
  argv: readonly string[],
  configurationOf: (flags: readonly string[]) => Configuration,
): Promise<number> {
  const { words, own, settings } = sortArguments(argv, ownFlags);
  if (words.length > 1) throw new UsageError("use: tule fork [NAME] --port PORT");
  const snapshot = words[0] === "now" ? undefined : words[0];
  const port = known.port.parse(own.get("--port") ?? "0");
  if (port === undefined) throw new UsageError(`--port must be ${known.port.allowed}`);
  const configuration = configurationOf(settings);
  const original = originalOf(configuration, own.get("--from"));

  const target = own.get("--data");
  // Under a name of its own it stands in nobody's way until it is moved.
  const moment = new Date(realWorld().clock.machineMs()).toISOString().replaceAll(/\D/g, "");
  const name = target === undefined && snapshot !== undefined ? snapshot : `now-${moment}`;
  const made = await askServer<{ folder: string }>(original, "POST", "forks", {
    name,
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  const folder = target === undefined ? made.folder : await moved(made.folder, resolve(target));
  return start({ ...configuration, port, data: folder, memory: false });
}

function originalOf(configuration: Configuration, from: string | undefined): Configuration {
  if (from === undefined) return configuration;
  const found = /^(?:(.+):)?(\d{1,5})$/.exec(from);
  const port = known.port.parse(found?.[2] ?? "");
  if (port === undefined) {
    throw new UsageError(`--from must be PORT or HOST:PORT, not ${JSON.stringify(from)}`);
  }
  return { ...configuration, host: found?.[1] ?? configuration.host, port };
}

async function moved(from: string, to: string): Promise<string> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await rename(from, to);
  } catch (error) {
    if (isSystemError(error, "EXDEV")) {
      await cp(from, to, { recursive: true, errorOnExist: true, force: false });
      await rm(from, { recursive: true });
      return to;
    }
    await rm(from, { recursive: true });
    if (isSystemError(error, "ENOTEMPTY") || isSystemError(error, "EEXIST")) {
      throw new UsageError(`${to} is not empty; choose another folder with --data`);
    }
    throw error;
  }
  return to;
}
