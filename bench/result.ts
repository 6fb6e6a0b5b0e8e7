import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { projectFolder, resultsFolder } from "./folders.ts";
import type { Options } from "./options.ts";

/** Keeps a run's figures with what is needed to judge them later. Returns the file's path. */
export function writeResult(options: Options, figures: object): string {
  const at = new Date().toISOString();
  const file =
    options.resultFile ?? join(resultsFolder, `${at.slice(0, 19).replaceAll(":", "-")}.json`);
  const { connections, seconds, rounds, warmSeconds, run } = options;
  const result = {
    at,
    commit: commit(),
    machine: {
      processor: cpus()[0]?.model,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      kernel: release(),
      node: process.version,
    },
    run,
    options: { connections, seconds, rounds, warmSeconds },
    ...figures,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

function commit(): string | undefined {
  try {
    const words = ["describe", "--always", "--dirty", "--abbrev=12"];
    return execFileSync("git", words, { cwd: projectFolder, encoding: "utf8" }).trim();
  } catch {
    // A copy without its history has figures all the same.
    return undefined;
  }
}
