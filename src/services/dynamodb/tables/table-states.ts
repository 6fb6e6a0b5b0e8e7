import type { Context } from "#kernel/context.ts";
import type { TableRecord } from "./table-record.ts";
import { changingIndexesOf } from "../vector-indexes/vector-index-record.ts";

/*
 * What cannot be done to a table or an index while it changes. Messages are AWS's, as they were measured in October
 * 2026 (ack-api-quirks, DDB-TABLE-149, 163, 375, 376 and 444).
 */

type StateContext = Context<"ResourceInUseException">;

export function inUse(ctx: StateContext, detail: string): Error {
  return ctx.error(
    "ResourceInUseException",
    `Attempt to change a resource which is still in use: ${detail}`,
  );
}

/** A table that is being created or deleted cannot be changed in any way. */
export function checkIsFree(ctx: StateContext, table: TableRecord): void {
  if (table.status === "CREATING") throw inUse(ctx, `Table is being created: ${table.name}`);
  if (table.status === "DELETING") throw inUse(ctx, `Table is being deleted: ${table.name}`);
}

/** A table can be deleted when nothing of it is changing. */
export function checkIsDeletable(ctx: StateContext, table: TableRecord): void {
  checkIsFree(ctx, table);
  if (changingIndexesOf(table).some((index) => index.status !== "ACTIVE")) {
    throw inUse(ctx, "Cannot delete table while indexes are being created, updated, or deleted.");
  }
  if (table.status === "UPDATING") {
    throw inUse(ctx, `Table: ${table.name} is in the process of being updated.`);
  }
}

/** Whether an index may be updated or deleted now. */
export function checkIndexIsFree(
  ctx: StateContext,
  table: TableRecord,
  indexName: string,
  action: "Create" | "Update" | "Delete",
): void {
  const index = changingIndexesOf(table).find((found) => found.name === indexName);
  if (index === undefined || index.status === "ACTIVE") return;
  const where = `Table: ${table.name} Index: ${indexName}`;
  if (index.status === "DELETING") throw inUse(ctx, `Index is being deleted. ${where}`);
  if (index.status === "UPDATING") throw inUse(ctx, `Index is being updated. ${where}`);
  // First its resources are set up (the table is UPDATING then), after that it is filled.
  if (table.status === "ACTIVE" || action === "Create") return;
  throw inUse(
    ctx,
    action === "Delete"
      ? `Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. ${where}`
      : `Index is being created but is not backfilling yet. ${where}`,
  );
}

/** Whether the table's throughput, billing mode or class may be changed now. */
export function checkIsSettled(ctx: StateContext, table: TableRecord): void {
  if (table.status !== "UPDATING") return;
  for (const [status, word] of [
    ["DELETING", "deleted"],
    ["CREATING", "created"],
  ] as const) {
    const indexes = changingIndexesOf(table).filter((index) => index.status === status);
    if (indexes.length === 0) continue;
    const names = indexes.map((index) => index.name).join(", ");
    throw inUse(
      ctx,
      `Can't change table IOPS when an index is being ${word}. Table: ${table.name} Indexes: [${names}]`,
    );
  }
  throw inUse(ctx, `Table IOPS are currently being updated. Table: ${table.name}`);
}
