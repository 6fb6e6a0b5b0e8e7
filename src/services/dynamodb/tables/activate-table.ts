import type { JobContext } from "#kernel/context.ts";
import { scheduleMeasuringSoon } from "../cost/measure-tables.ts";
import { tableKey } from "../keyspace.ts";
import { isChangingReplicas } from "../global-tables/replication.ts";
import { findTable } from "./open-table.ts";
import { settleStream } from "../streams/stream-life.ts";
import { type IndexRecord, tableCodec, type TableRecord } from "./table-record.ts";
import { changingIndexesOf } from "../vector-indexes/vector-index-record.ts";

/** Names a table for a job; the id tells it from a later table of the same name. */
export interface TableJob {
  readonly tableName: string;
  readonly tableId: string;
}

/** Ends what CreateTable or UpdateTable began: the table and its indexes serve. */
export async function activateTable(ctx: JobContext, job: TableJob): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = findTable(tx, ctx, job.tableName);
    if (table?.id !== job.tableId || table.status === "DELETING") return;
    tx.putRecord(tableKey(ctx, table.name), tableCodec, activated(table));
    settleStream(tx, ctx, table);
    scheduleMeasuringSoon(tx, ctx);
  });
}

/** The table when what was under way is done; it is UPDATING on while an index or a replica comes or goes. */
export function activated(table: TableRecord): TableRecord {
  const { billing } = table;
  const isNewlyOnDemand = table.status === "CREATING" && billing.mode === "PAY_PER_REQUEST";
  // A table that loses an index is ACTIVE again when that is gone.
  const isBusy =
    changingIndexesOf(table).some((index) => index.status === "DELETING") ||
    (table.status === "UPDATING" && isChangingReplicas(table));
  // An index that is filled or taken away has a job of its own.
  const settled = <Index extends Pick<IndexRecord, "status" | "backfilling">>(
    index: Index,
  ): Index =>
    index.backfilling || index.status === "DELETING" ? index : { ...index, status: "ACTIVE" };
  return {
    ...table,
    status: isBusy ? table.status : "ACTIVE",
    restoring: undefined,
    billing: isNewlyOnDemand ? { ...billing, payPerRequestSinceMs: table.createdAtMs } : billing,
    globalIndexes: table.globalIndexes.map(settled),
    vectorIndexes: table.vectorIndexes?.map(settled),
  };
}
