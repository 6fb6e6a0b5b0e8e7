import type { JobContext } from "#kernel/context.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { sweep } from "../tables/delete-table.ts";
import { backfillKey, indexPrefix, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { keyAttributes } from "../tables/table-schema.ts";
import { vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";

export interface IndexJob extends TableJob {
  readonly indexId: number;
}

/** Ends what UpdateTable began: the table forgets the index, then the index's entries are swept. */
export async function deleteIndex(ctx: JobContext, job: IndexJob): Promise<void> {
  const { tableId, indexId } = job;
  await ctx.transact((tx) => {
    const table = findTable(tx, ctx, job.tableName);
    if (table?.id !== tableId || table.status === "DELETING") return;
    tx.putRecord(tableKey(ctx, table.name), tableCodec, withoutIndex(table, indexId));
  });
  // A deleted table's own sweep may go over the same keys at the same time: deleting bears repeating.
  await sweep(ctx, indexPrefix(ctx, { id: tableId }, { id: indexId }));
  await ctx.transact((tx) => {
    ctx.complete(tx);
    tx.delete(backfillKey(ctx, { id: tableId }, { id: indexId }));
  });
}

/** The table without the index, ACTIVE, and without the definitions that only the index needed. */
function withoutIndex(table: TableRecord, indexId: number): TableRecord {
  const globalIndexes = table.globalIndexes.filter((index) => index.id !== indexId);
  const vectors = vectorIndexesOf(table);
  const vectorIndexes = vectors.filter((index) => index.id !== indexId);
  const isThere =
    globalIndexes.length < table.globalIndexes.length || vectorIndexes.length < vectors.length;
  if (!isThere) return table;
  const keys = [table, ...table.localIndexes, ...globalIndexes].map((holder) => holder.key);
  const used = new Set(
    [...keys.flatMap(keyAttributes), ...vectorIndexes.flatMap((index) => index.searchSchema)].map(
      ({ name }) => name,
    ),
  );
  return {
    ...table,
    status: "ACTIVE",
    globalIndexes,
    vectorIndexes,
    attributeDefinitions: table.attributeDefinitions.filter(({ name }) => used.has(name)),
  };
}
