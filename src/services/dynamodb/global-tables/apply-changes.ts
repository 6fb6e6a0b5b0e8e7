import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { ItemImage } from "../items/stored-item.ts";
import { TableWriter } from "../items/write-item.ts";
import { findMember, type GroupTable } from "./replication.ts";
import { beforeAll, compareStamps, readOrigin, type Stamp } from "./stamps.ts";

/** How an item is in the region that sends it. */
export interface ItemState {
  /** The item's key without its table's prefix: it is the same in all regions. */
  readonly place: string;
  readonly stamp: Stamp;
  /** Absent if it was deleted. */
  readonly item?: { readonly json: string; readonly sizeBytes: number };
}

export interface Changes extends GroupTable {
  readonly changes: readonly ItemState[];
}

export interface Applied {
  /** Whether the replica is there. */
  readonly isThere: boolean;
}

/**
 * Takes what another region has: of each item the later write stands. What comes again, or too late, changes nothing
 * and leaves no record in the stream.
 */
export function applyChanges(ctx: Context, { changes, ...group }: Changes): Promise<Applied> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table === undefined || table.status === "DELETING") return { isThere: false };
    const writer = new TableWriter(tx, ctx, table, { capacity: "counted" });
    for (const change of changes) applyChange(tx, writer, change);
    writer.finish();
    return { isThere: true };
  });
}

export function applyChange(tx: Transaction, writer: TableWriter, change: ItemState): void {
  const { itemsPrefix, replication } = writer.layout;
  const { place, stamp, item } = change;
  const key = itemsPrefix + place;
  const known = readOrigin(tx, replication!, place);
  const stored = tx.get(key);
  const knownStamp = known?.stamp ?? (stored === undefined ? undefined : beforeAll);
  if (knownStamp !== undefined && compareStamps(stamp, knownStamp) <= 0) return;
  const before = stored === undefined ? undefined : ItemImage.ofStored(stored);
  const after = item === undefined ? undefined : ItemImage.ofJson(item.json, item.sizeBytes);
  writer.take(key, before, after, {
    known,
    origin: { stamp, isDeleted: after === undefined },
  });
}
