import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { type KeyRecord, keyCodec } from "./key-record.ts";
import { keyKey } from "./keyspace.ts";
import { findKey } from "./open-key.ts";

/*
 * Multi-Region keys: keys of one id in several regions, with the same material. What they share is written in all of
 * their regions in one transaction.
 */

export function regionsOf({ multiRegion }: KeyRecord): readonly string[] {
  if (multiRegion === undefined) return [];
  return [multiRegion.primaryRegion, ...multiRegion.replicaRegions];
}

/** The contexts of the other regions in which the key is. */
export function otherRegions(ctx: Context, key: KeyRecord): Context[] {
  return regionsOf(key)
    .filter((region) => region !== ctx.region)
    .map((region) => ctx.inRegion(region));
}

/** Writes a change in all regions of the key. */
export function changeRelated(
  tx: Transaction,
  ctx: Context,
  key: KeyRecord,
  change: (key: KeyRecord, there: Context) => KeyRecord,
): void {
  for (const there of [ctx, ...otherRegions(ctx, key)]) {
    const found = findKey(tx, there, key.id);
    if (found !== undefined) tx.putRecord(keyKey(there, key.id), keyCodec, change(found, there));
  }
}

/** A key that is gone is no longer related to the others; `freed` gets a primary that waited for its last replica. */
export function leaveOthers(
  tx: Transaction,
  ctx: Context,
  key: KeyRecord,
  freed: (there: Context, primary: KeyRecord) => void,
): void {
  for (const there of otherRegions(ctx, key)) {
    const found = findKey(tx, there, key.id);
    if (found?.multiRegion === undefined) continue;
    const replicaRegions = found.multiRegion.replicaRegions.filter((one) => one !== ctx.region);
    const left = { ...found, multiRegion: { ...found.multiRegion, replicaRegions } };
    tx.putRecord(keyKey(there, key.id), keyCodec, left);
    const isPrimary = left.multiRegion.primaryRegion === there.region;
    const waits = left.deletion !== undefined && left.deletion.atMs === undefined;
    if (isPrimary && waits && replicaRegions.length === 0) freed(there, left);
  }
}
