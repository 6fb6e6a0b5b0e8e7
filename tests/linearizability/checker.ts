import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ObjectHistory } from "./history.ts";

const source = join(import.meta.dirname, "checker");
const folder = join(import.meta.dirname, "../../.cache/linearizability");
const program = join(folder, "checker");

export interface Verdict {
  /** "Unknown": time ran out. */
  readonly result: "Ok" | "Illegal" | "Unknown";
  readonly operations: number;
  /** The names of objects whose history no order explains. */
  readonly illegal: readonly string[];
  readonly unknown: readonly string[];
}

/** Builds the checker. Answers why it cannot be had here, or undefined. */
export function buildChecker(): string | undefined {
  mkdirSync(folder, { recursive: true });
  const built = spawnSync("go", ["build", "-o", program, "."], { cwd: source, encoding: "utf8" });
  if (built.error !== undefined) return `go cannot be started (${built.error.message})`;
  if (built.status === 0) return undefined;
  const said = built.stderr.trim();
  if (/dial tcp|no such host|proxy|i\/o timeout/.test(said)) return "porcupine cannot be fetched";
  throw new Error(`the checker cannot be built: ${said}`);
}

export function check(objects: readonly ObjectHistory[], timeoutSeconds = 30): Verdict {
  const checked = spawnSync(program, {
    input: JSON.stringify({ objects, timeoutSeconds }),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (checked.status !== 0) throw new Error(`the checker failed: ${checked.stderr}`);
  return JSON.parse(checked.stdout) as Verdict;
}
