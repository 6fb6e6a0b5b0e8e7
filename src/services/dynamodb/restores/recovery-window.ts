import type { PointInTimeRecovery } from "../tables/table-record.ts";
import { dayMs } from "../history/history-entry.ts";

/** Between which moments a table can be restored. */
export interface RecoveryWindow {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/**
 * The window of a table with point-in-time recovery. It reaches to the present: AWS's ends five minutes before it,
 * which nobody would wait for here.
 */
export function recoveryWindow(recovery: PointInTimeRecovery, nowMs: number): RecoveryWindow {
  const earliestMs = Math.max(recovery.sinceMs, nowMs - recovery.periodDays * dayMs);
  return { earliestMs, latestMs: Math.max(earliestMs, nowMs) };
}

/** AWS shows and takes whole seconds: the one in which a moment lies. */
export const secondOf = (atMs: number): number => Math.floor(atMs / 1000) * 1000;
