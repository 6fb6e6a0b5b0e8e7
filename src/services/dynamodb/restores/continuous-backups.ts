import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ContinuousBackupsDescription, DynamoDB } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { dayMs } from "../history/history-entry.ts";
import { scheduleTrimming } from "../history/history-holds.ts";
import { tableKey } from "../keyspace.ts";
import { findTable, tableNameOf } from "../tables/open-table.ts";
import { type PointInTimeRecovery, tableCodec, type TableRecord } from "../tables/table-record.ts";
import { recoveryWindow, secondOf } from "./recovery-window.ts";

/*
 * Messages and what is shown when are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-086 and
 * 447).
 */

const longestPeriodDays = 35;

export const continuousBackups = {
  /** Answered at once: the history begins, or ends, in this transaction. */
  UpdateContinuousBackups(ctx, input) {
    const name = tableNameOf(ctx, input.TableName);
    const asked = input.PointInTimeRecoverySpecification;
    const periodDays = asked.RecoveryPeriodInDays;
    return ctx.transact((tx) => {
      const table = tableWithBackups(tx, ctx, name);
      const before = table.recovery;
      const after = asked.PointInTimeRecoveryEnabled
        ? recoveryWith(before, periodDays, ctx.now())
        : undefined;
      const changed: TableRecord = { ...table, recovery: after };
      tx.putRecord(tableKey(ctx, name), tableCodec, changed);
      if (before === undefined && after !== undefined) {
        scheduleTrimming(tx, ctx, { tableName: name, tableId: table.id });
      }
      return { ContinuousBackupsDescription: describe(changed, ctx.now()) };
    });
  },

  DescribeContinuousBackups(ctx, input) {
    const name = tableNameOf(ctx, input.TableName);
    return ctx.read((snapshot) => {
      const table = tableWithBackups(snapshot, ctx, name);
      return { ContinuousBackupsDescription: describe(table, ctx.now()) };
    });
  },
} satisfies Handlers<DynamoDB>;

/** The table for an operation of the backup family: one that is being created is not there yet for them. */
export function tableWithBackups(
  snapshot: Snapshot,
  ctx: Context<"TableNotFoundException">,
  name: string,
  nameInMessage = name,
): TableRecord {
  const table = findTable(snapshot, ctx, name);
  if (table === undefined || table.status === "CREATING") {
    throw ctx.error("TableNotFoundException", `Table not found: ${nameInMessage}`);
  }
  return table;
}

/** A shorter period takes effect at once; a longer one does not bring back what was out of reach. */
function recoveryWith(
  before: PointInTimeRecovery | undefined,
  periodDays: number | undefined,
  nowMs: number,
): PointInTimeRecovery {
  if (before === undefined) return { sinceMs: nowMs, periodDays: periodDays ?? longestPeriodDays };
  const reachedMs = nowMs - Math.min(before.periodDays, periodDays ?? Infinity) * dayMs;
  return {
    sinceMs: Math.max(before.sinceMs, reachedMs),
    periodDays: periodDays ?? before.periodDays,
  };
}

/** "Continuous backups" are always on; it is point-in-time recovery that is switched. */
function describe({ recovery }: TableRecord, nowMs: number): ContinuousBackupsDescription {
  if (recovery === undefined) {
    return {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" },
    };
  }
  const { earliestMs, latestMs } = recoveryWindow(recovery, nowMs);
  return {
    ContinuousBackupsStatus: "ENABLED",
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: "ENABLED",
      RecoveryPeriodInDays: recovery.periodDays,
      EarliestRestorableDateTime: secondOf(earliestMs),
      LatestRestorableDateTime: secondOf(latestMs),
    },
  };
}
