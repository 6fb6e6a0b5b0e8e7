import { formatNumber } from "./table.ts";

/** What Tule promises of itself, at 64 connections, for each scenario. */
interface ScenarioGoals {
  /** CPU per request, at most so many times the bare echo's in the same run. */
  readonly cpuTimesEcho?: number;
  /** Requests per second, at least so many times those of a server. */
  readonly timesServer: Readonly<Record<string, number>>;
}

const everywhere = { dynalite: 1, ministack: 5, moto: 15 };

const goals: Readonly<Record<string, ScenarioGoals>> = {
  "get-item": { cpuTimesEcho: 1.8, timesServer: { ...everywhere, "dynamodb-local-memory": 3 } },
  "put-item": {
    cpuTimesEcho: 3,
    timesServer: { ...everywhere, "dynamodb-local-disk": 15, "dynamodb-local-memory": 5 },
  },
  "query-10": { cpuTimesEcho: 3, timesServer: everywhere },
  "update-item": { cpuTimesEcho: 3.5, timesServer: everywhere },
  "batch-write-25": { timesServer: everywhere },
  "transact-write-2": { timesServer: everywhere },
};

export const growthGoals = {
  /** A partition of a million items against one of a thousand: requests per second and CPU. */
  timesSmallPartition: 1.5,
  /** A start with a million items stored against an empty one. */
  timesEmptyStart: 1.3,
  readyMs: 500,
  /** Without mapped file pages, after 2 GB of items. */
  ownBytesLoaded: 400e6,
  residentBytesIdle: 120e6,
};

/** One line for each goal that has been measured: reached or missed, and by how much. */
export function judgeScenario(
  scenario: string,
  cpuTimesEcho: number | undefined,
  timesServer: (name: string) => number | undefined,
): string[] {
  const goal = goals[scenario];
  if (goal === undefined) return [];
  const lines = [
    judge("CPU per request, times the echo's", cpuTimesEcho, "at most", goal.cpuTimesEcho),
  ];
  for (const [name, least] of Object.entries(goal.timesServer)) {
    lines.push(judge(`requests per second, times ${name}'s`, timesServer(name), "at least", least));
  }
  return lines.filter((line) => line !== undefined);
}

export function judge(
  what: string,
  measured: number | undefined,
  bound: "at most" | "at least",
  limit: number | undefined,
): string | undefined {
  if (measured === undefined || limit === undefined) return undefined;
  const reached = bound === "at most" ? measured <= limit : measured >= limit;
  const verdict = reached ? "reached" : "MISSED ";
  return `goal ${verdict}  ${what}: ${formatNumber(measured)}, ${bound} ${formatNumber(limit)}`;
}
