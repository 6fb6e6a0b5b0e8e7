import type { Summary } from "./run.ts";

/** A line of figures, and after it what was wrong and how to see it again. */
export function summaryOf(summary: Summary, seed: number): string {
  const { problems, kills, acknowledgedWrites, restoredTables, seconds, dataFolder } = summary;
  const line =
    `${kills} kills, ${acknowledgedWrites} acknowledged writes, ${restoredTables} restored tables; ${problems.count("lost")} lost, ` +
    `${problems.count("torn")} torn, ${problems.count("index")} index errors, ` +
    `${problems.count("stream")} errors of streams, ${problems.count("stuck")} stuck jobs, ${problems.count("answer")} wrong answers; ` +
    `${seconds.toFixed(1)} s, seed ${seed}`;
  if (problems.isEmpty) return line;
  return `${line}\n${problems.toString()}\ndata kept in ${dataFolder}; npm run crash -- --seed ${seed}`;
}
