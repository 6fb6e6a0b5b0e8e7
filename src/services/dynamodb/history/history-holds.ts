import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { historyHoldKey, historyHoldsPrefix, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { dayMs, dayOf } from "./history-entry.ts";

/*
 * Who walks through a table's past (a restore, a backup being made, an export) holds its history, and a backup that has
 * no copy holds the items of a table that was deleted.
 *
 * While there is a hold, changes are recorded whether the table has point-in-time recovery or not, nothing that is
 * younger than the hold's moment is trimmed, and a table that is deleted keeps its items and its history.
 */

interface Hold {
  /** What is needed begins here. */
  readonly fromMs: number;
}

const holdCodec: Codec<Hold> = {
  encode: (hold) => Buffer.from(JSON.stringify(hold)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as Hold,
};

/** Holds the history of a table that is there. `holder`: who does, unique within the table. */
export function holdHistory(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  holder: string,
  fromMs: number,
): void {
  tx.putRecord(historyHoldKey(ctx, table, holder), holdCodec, { fromMs });
  if (table.isHistoryHeld === true) return;
  tx.putRecord(tableKey(ctx, table.name), tableCodec, { ...table, isHistoryHeld: true });
  scheduleTrimming(tx, ctx, { tableName: table.name, tableId: table.id });
}

/** Gives it up. With the last hold, recording ends if nothing else wants it, and what a deleted table kept goes. */
export function releaseHistory(
  tx: Transaction,
  ctx: Context,
  { tableName, tableId }: TableJob,
  holder: string,
): void {
  const id = { id: tableId };
  tx.delete(historyHoldKey(ctx, id, holder));
  if (heldFromMs(tx, ctx, id) !== undefined) return;
  const table = findTable(tx, ctx, tableName);
  if (table?.id === tableId) {
    tx.putRecord(tableKey(ctx, tableName), tableCodec, { ...table, isHistoryHeld: undefined });
  } else {
    ctx.schedule(tx, { at: ctx.now(), job: "sweepTable", key: tableId, payload: { tableId } });
  }
}

/** From when on the history is held; undefined: nobody does. */
export function heldFromMs(
  snapshot: Snapshot,
  ctx: Context,
  table: Pick<TableRecord, "id">,
): number | undefined {
  const prefix = historyHoldsPrefix(ctx, table);
  let fromMs: number | undefined;
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    fromMs = Math.min(fromMs ?? Infinity, holdCodec.decode(value).fromMs);
  }
  return fromMs;
}

/** Has what is too old swept at the end of the day, and from then on every day. */
export function scheduleTrimming(tx: Transaction, ctx: Context, table: TableJob): void {
  ctx.schedule(tx, {
    at: (dayOf(ctx.now()) + 1) * dayMs,
    job: "trimHistory",
    key: table.tableId,
    payload: table,
  });
}
