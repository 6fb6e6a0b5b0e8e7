import type { Summary } from "./run.ts";

/** What a run was like, and what it found. */
export function summaryOf(summary: Summary): string {
  const { seed, requests, seconds, statuses, operations, items, slowest, problems, dataFolder } =
    summary;
  const counts = [...statuses].sort(([a], [b]) => a - b);
  const lines = [
    `${requests} requests with seed ${seed} in ${seconds.toFixed(1)} s; ${items} items at the end`,
    `statuses: ${counts.map(([status, count]) => `${status}: ${count}`).join(", ")}`,
    `taken: ${[...operations].map(([name, [right, all]]) => `${name} ${right} of ${all}`).join(", ")}`,
    `slowest: ${slowest.map(({ number, operation, ms }) => `${number} ${operation} ${ms.toFixed(0)} ms`).join(", ")}`,
    ...problems,
    ...(problems.length > 0 ? [`data folder: ${dataFolder}`] : ["no problem"]),
  ];
  return lines.join("\n");
}
