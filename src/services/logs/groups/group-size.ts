import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { groupSizeKey } from "../keyspace.ts";
import { numberCodec } from "../records.ts";

/**
 * Counts what goes into a group's chunks, or out of them: what still waits in tails is told late, as AWS tells all of
 * it late.
 */
export function addToGroupSize(
  tx: Transaction,
  ctx: Context,
  group: { readonly number: number },
  bytes: number,
): void {
  const key = groupSizeKey(ctx, group);
  const before = tx.record(key, numberCodec);
  // A group that is gone has no size.
  if (before === undefined && bytes < 0) return;
  tx.putRecord(key, numberCodec, Math.max(0, (before ?? 0) + bytes));
}
