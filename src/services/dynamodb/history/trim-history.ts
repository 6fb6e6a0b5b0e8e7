import type { JobContext } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { sweep } from "../tables/delete-table.ts";
import { findTable } from "../tables/open-table.ts";
import { historyLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { dayMs, dayOf, dayPrefix } from "./history-entry.ts";
import { heldFromMs, scheduleTrimming } from "./history-holds.ts";
import { daysFrom } from "./items-at.ts";

/** Once a day: forgets the days of a table's history that nobody can ask for any more. */
export async function trimHistory(ctx: JobContext, job: TableJob): Promise<void> {
  const history = historyLayout(ctx, { id: job.tableId });
  const days = await ctx.read((snapshot) => {
    const table = tableOf(snapshot, ctx, job);
    if (table === undefined) return [];
    const untilDay = dayOf(neededFromMs(snapshot, ctx, table));
    return daysFrom(snapshot, history, 0).filter((day) => day < untilDay);
  });
  for (const day of days) await sweep(ctx, dayPrefix(history, day));
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = tableOf(tx, ctx, job);
    if (table === undefined) return;
    const isRecording = table.recovery !== undefined || table.isHistoryHeld === true;
    if (isRecording || daysFrom(tx, history, 0).length > 0) scheduleTrimming(tx, ctx, job);
  });
}

/** A table that is gone has its history swept together with its items. */
function tableOf(snapshot: Snapshot, ctx: JobContext, job: TableJob): TableRecord | undefined {
  const table = findTable(snapshot, ctx, job.tableName);
  return table?.id === job.tableId ? table : undefined;
}

function neededFromMs(snapshot: Snapshot, ctx: JobContext, table: TableRecord): number {
  const { recovery } = table;
  const windowFromMs = ctx.now() - (recovery?.periodDays ?? 0) * dayMs;
  return Math.min(windowFromMs, heldFromMs(snapshot, ctx, table) ?? Infinity);
}
