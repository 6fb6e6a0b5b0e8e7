import type { Summary } from "./run.ts";

/** A line of figures, and after it what was wrong and how to see it again. */
export function summaryOf(summary: Summary, seed: number): string {
  const { load, problems, kills, acknowledgedWrites, figures, seconds, dataFolder } = summary;
  const others = Object.entries(figures).map(([name, count]) => `, ${count} ${name}`);
  const line =
    `${load}: ${kills} kills, ${acknowledgedWrites} acknowledged writes${others.join("")}; ${problems.count("lost")} lost, ` +
    `${problems.count("torn")} torn, ${problems.count("index")} index errors, ` +
    `${problems.count("stream")} errors of streams, ${problems.count("expiry")} of expiry, ` +
    `${problems.count("stuck")} stuck jobs, ${problems.count("answer")} wrong answers; ` +
    `${seconds.toFixed(1)} s, seed ${seed}`;
  if (problems.isEmpty) return line;
  const again = `npm run crash -- --load ${load} --seed ${seed}`;
  return `${line}\n${problems.toString()}\ndata kept in ${dataFolder}; ${again}`;
}
