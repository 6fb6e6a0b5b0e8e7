import type { Configuration } from "./configuration.ts";
import { endpointOf } from "./endpoint.ts";
import { clockLine, type ClockFacts } from "./time.ts";

/** Asks the server at the configured address for its health, and prints what it says. */
export async function status(configuration: Configuration): Promise<number> {
  const endpoint = endpointOf(configuration);
  let health: Health;
  let info: Info;
  try {
    health = await ask<Health>(`${endpoint}/_tule/health`);
    info = await ask<Info>(`${endpoint}/_tule/info`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    process.stderr.write(`tule: nothing that is well answers at ${endpoint}: ${String(cause)}\n`);
    return 1;
  }
  process.stdout.write(`Tule ${info.version} at ${endpoint}
  data      ${info.data_folder ?? "in memory"}
  auth      ${info.authentication}
  up for    ${durationOf(info.uptime)}
  clock     ${clockLine(info.clock)}
  services  ${Object.entries(health.services)
    .map(([name, state]) => (state === "running" ? name : `${name} (${state})`))
    .join(", ")}
`);
  return 0;
}

interface Health {
  readonly services: Readonly<Record<string, string>>;
}

interface Info {
  readonly version: string;
  readonly data_folder: string | null;
  readonly authentication: string;
  /** Seconds. */
  readonly uptime: number;
  readonly clock: ClockFacts;
}

async function ask<T>(url: string): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return (await answer.json()) as T;
}

function durationOf(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ].filter(([count]) => count !== 0);
  return parts.length === 0 ? "0 s" : parts.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
