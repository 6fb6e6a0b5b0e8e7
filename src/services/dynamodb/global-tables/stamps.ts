import type { Key } from "#base/key.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { ReplicationLayout } from "../tables/table-layout.ts";

/*
 * When each item of a global table was written last, and where: what decides between writes of several regions.
 *
 * O1. Of two writes of an item, the one with the later stamp stands in the end in all regions: of equal times that of
 *     the region whose name is greater.
 * O2. A region's write is stamped later than all that the region knows of the item, whatever its clock says.
 * O3. An item has an `origin`, or a `tombstone` once it was deleted, or neither: then it is older than its group.
 */
export interface Stamp {
  /** Microseconds since 1970, or more where a clock was behind. */
  readonly time: number;
  readonly region: string;
}

/** Of what was there before the group: earlier than any other. */
export const beforeAll: Stamp = { time: 0, region: "" };

/** Negative if `one` is earlier. */
export function compareStamps(one: Stamp, other: Stamp): number {
  if (one.time !== other.time) return one.time - other.time;
  return one.region < other.region ? -1 : one.region > other.region ? 1 : 0;
}

/** The stamp of a write that is made now, by who knows `last`. */
export function nextStamp(last: Stamp | undefined, nowMs: number, region: string): Stamp {
  return { time: Math.max(nowMs * 1000, (last?.time ?? 0) + 1), region };
}

export function encodeStamp({ time, region }: Stamp): Buffer {
  const bytes = Buffer.allocUnsafe(8 + region.length);
  bytes.writeDoubleBE(time, 0);
  bytes.write(region, 8, "latin1");
  return bytes;
}

export function decodeStamp(bytes: Buffer): Stamp {
  return { time: bytes.readDoubleBE(0), region: bytes.toString("latin1", 8) };
}

/** What the region knows of the last write of an item. `place`: the item's key without its table's prefix. */
export interface Origin {
  readonly stamp: Stamp;
  readonly isDeleted: boolean;
}

export function readOrigin(
  snapshot: Snapshot,
  { originsPrefix, tombstonesPrefix }: ReplicationLayout,
  place: Key,
): Origin | undefined {
  const origin = snapshot.get(originsPrefix + place);
  if (origin !== undefined) return { stamp: decodeStamp(origin), isDeleted: false };
  const tombstone = snapshot.get(tombstonesPrefix + place);
  return tombstone && { stamp: decodeStamp(tombstone), isDeleted: true };
}

/** O3. */
export function writeOrigin(
  tx: Transaction,
  { originsPrefix, tombstonesPrefix }: ReplicationLayout,
  place: Key,
  before: Origin | undefined,
  after: Origin,
): void {
  const [to, from] = after.isDeleted
    ? [tombstonesPrefix, originsPrefix]
    : [originsPrefix, tombstonesPrefix];
  tx.put(to + place, encodeStamp(after.stamp));
  if (before !== undefined && before.isDeleted !== after.isDeleted) tx.delete(from + place);
}
