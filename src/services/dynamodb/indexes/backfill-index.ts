import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { IndexJob } from "./delete-index.ts";
import { backfillKey, itemsPrefix, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { changingIndexesOf, vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";
import { TableWriter } from "../items/write-item.ts";

/*
 * Fills a new index with the items that were there before it.
 *
 * B1. From the transaction that creates the index on, each write of an item keeps the index up to date.
 * B2. The backfill walks the items in key order, a bounded step a transaction, and adds the entry that is missing:
 *     what a write has put there is newer and stays.
 * B3. How far it has come is stored with each step, so a run that was cut off is taken up where it ended. An item
 *     that is inserted behind that place had its entry written by B1.
 * B4. An item whose attributes cannot be the index's key (of another type, empty, too long) is passed over.
 */

/** Bounds of one transaction of the backfill: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 100;
const bytesPerStep = 250_000;

export async function backfillIndex(ctx: JobContext, job: IndexJob): Promise<void> {
  for (;;) {
    const isDone = await ctx.transact((tx) => backfillStep(tx, ctx, job));
    if (isDone) return;
  }
}

/** One step; answers whether it was the last. */
function backfillStep(tx: Transaction, ctx: JobContext, job: IndexJob): boolean {
  const table = tableToFill(tx, ctx, job);
  if (table === undefined) {
    ctx.complete(tx);
    return true;
  }
  const prefix = itemsPrefix(ctx, table);
  const progressKey = backfillKey(ctx, table, { id: job.indexId });
  const last = tx.get(progressKey)?.toString("latin1");
  const writer = new TableWriter(tx, ctx, table);
  const range = {
    start: last === undefined ? prefix : keyAfter(last),
    end: endOfPrefix(prefix),
    limit: itemsPerStep,
  };
  let reached: Key | undefined;
  for (const { key, value } of bounded(tx.range(range))) {
    writer.backfill(job.indexId, key, value);
    reached = key;
  }
  writer.finish();
  if (reached !== undefined) {
    tx.put(progressKey, Buffer.from(reached, "latin1"));
    return false;
  }
  tx.delete(progressKey);
  tx.putRecord(tableKey(ctx, table.name), tableCodec, withFilledIndex(table, job.indexId));
  ctx.complete(tx);
  return true;
}

function* bounded(
  entries: Iterable<{ readonly key: Key; readonly value: Buffer }>,
): Iterable<{ readonly key: Key; readonly value: Buffer }> {
  let bytes = 0;
  for (const entry of entries) {
    yield entry;
    bytes += entry.value.length;
    if (bytes >= bytesPerStep) return;
  }
}

/** The table, if the index is still to be filled. */
function tableToFill(tx: Transaction, ctx: JobContext, job: IndexJob): TableRecord | undefined {
  const table = findTable(tx, ctx, job.tableName);
  if (table?.id !== job.tableId || table.status === "DELETING") return undefined;
  const index = changingIndexesOf(table).find((candidate) => candidate.id === job.indexId);
  return index?.status === "CREATING" ? table : undefined;
}

function withFilledIndex(table: TableRecord, indexId: number): TableRecord {
  const filled = <Index extends { readonly id: number }>(index: Index): Index =>
    index.id === indexId ? { ...index, status: "ACTIVE", backfilling: false } : index;
  return {
    ...table,
    globalIndexes: table.globalIndexes.map(filled),
    vectorIndexes: vectorIndexesOf(table).map(filled),
  };
}
