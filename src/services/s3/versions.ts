import { replicateLater, replicationOf } from "./replication/replicate-version.ts";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { releaseLayout } from "./layouts.ts";
import { nullVersionKey, objectKey, versionKey, versionsOfKeyPrefix } from "./keyspace.ts";
import { numberOfVersionId, versionIdOf } from "./version-ids.ts";
import { objectCodec, versionCodec, type ObjectVersion, type Version } from "./version-record.ts";

/*
 * The versions of a key.
 *
 * V1. If the newest version is an object, it stands under `object`; a newest delete marker and all older versions stand
 *     under `version`. So a list of objects walks nothing that it does not show.
 * V2. A key has at most one version with the id "null". `null` has its number while it stands under `version`.
 * V3. A version's number is higher than that of each version of the key that was there when it came, whatever the
 *     clock did.
 * V4. Each piece of an object is one owner of its blob.
 */

/** The number of a version is its time in thousandths of a millisecond, or the next free one. */
const numbersInMillisecond = 1000;

const numberCodec: Codec<number> = {
  encode: (number) => Buffer.from(String(number)),
  decode: (bytes) => Number(bytes.toString()),
};

/** The object that a request without a version id means. */
export function currentObject(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
): ObjectVersion | undefined {
  return snapshot.record(objectKey(ctx, bucket, key), objectCodec);
}

/** The newest version, be it an object or a delete marker. */
export function newestVersion(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
): Version | undefined {
  const current = currentObject(snapshot, ctx, bucket, key);
  if (current !== undefined || bucket.versioning === undefined) return current;
  const prefix = versionsOfKeyPrefix(ctx, bucket, key);
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 })) {
    return versionCodec.decode(value);
  }
  return undefined;
}

/** One version by its id; without one, the newest. */
export function findVersion(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
  versionId: string | undefined,
): Version | undefined {
  if (versionId === undefined) return newestVersion(snapshot, ctx, bucket, key);
  const current = currentObject(snapshot, ctx, bucket, key);
  if (current?.versionId === versionId) return current;
  const number =
    versionId === "null"
      ? snapshot.record(nullVersionKey(ctx, bucket, key), numberCodec)
      : numberOfVersionId(versionId);
  if (number === undefined) return undefined;
  const found = snapshot.record(versionKey(ctx, bucket, key, number), versionCodec);
  return found?.versionId === versionId ? found : undefined;
}

/** A version that is about to be: without what its bucket gives it. */
export type NewVersion = Version extends infer V
  ? V extends Version
    ? Omit<V, "number" | "versionId">
    : never
  : never;

/**
 * Makes a version the newest of its key. What it replaces (in a bucket without versioning, or one where it is
 * suspended) is gone, its bytes too. `random`: sixteen bytes for its id.
 */
export function putVersion(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  random: Buffer,
  added: NewVersion,
): Version {
  const { key } = added;
  const newest = newestVersion(tx, ctx, bucket, key);
  const number = Math.max(
    Math.max(0, added.modifiedMs) * numbersInMillisecond,
    (newest?.number ?? 0) + 1,
  );
  const versionId = bucket.versioning === "Enabled" ? versionIdOf(number, random) : "null";
  const replicates = replicationOf(tx, ctx, bucket, added);
  const version: Version = { ...added, number, versionId, ...replicates };
  if (replicates.replication !== undefined) replicateLater(tx, ctx, bucket, version);
  const current = newest?.isDeleteMarker ? undefined : newest;
  if (versionId === "null" && current?.versionId === "null") {
    releaseLayout(tx, ctx, bucket, current);
  } else {
    if (versionId === "null" && bucket.versioning !== undefined) {
      const replaced = findVersion(tx, ctx, bucket, key, "null");
      if (replaced !== undefined) forgetOlder(tx, ctx, bucket, replaced);
    }
    if (current !== undefined) putOlder(tx, ctx, bucket, current);
  }
  if (version.isDeleteMarker) {
    if (current !== undefined) tx.delete(objectKey(ctx, bucket, key));
    putOlder(tx, ctx, bucket, version);
  } else {
    tx.putRecord(objectKey(ctx, bucket, key), objectCodec, version);
  }
  return version;
}

/** Puts a version of another bucket among those of this one, as old as it is. */
export function putReplica(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: Version,
): void {
  const { key, number } = version;
  const newest = newestVersion(tx, ctx, bucket, key);
  if (newest !== undefined && newest.number > number) {
    putOlder(tx, ctx, bucket, version);
    return;
  }
  const current = newest?.isDeleteMarker ? undefined : newest;
  if (current !== undefined) putOlder(tx, ctx, bucket, current);
  if (version.isDeleteMarker) {
    if (current !== undefined) tx.delete(objectKey(ctx, bucket, key));
    putOlder(tx, ctx, bucket, version);
  } else {
    tx.putRecord(objectKey(ctx, bucket, key), objectCodec, version);
  }
}

/** Takes one version away for good; an older one may so become the newest. */
export function removeVersion(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: Version,
): void {
  const { key } = version;
  const current = currentObject(tx, ctx, bucket, key);
  if (current?.number !== version.number) {
    forgetOlder(tx, ctx, bucket, version);
    if (current !== undefined) return;
  } else {
    releaseLayout(tx, ctx, bucket, current);
    tx.delete(objectKey(ctx, bucket, key));
  }
  if (bucket.versioning === undefined) return;
  const prefix = versionsOfKeyPrefix(ctx, bucket, key);
  for (const { key: storeKey, value } of tx.range({
    start: prefix,
    end: endOfPrefix(prefix),
    limit: 1,
  })) {
    const next = versionCodec.decode(value);
    if (next.isDeleteMarker) return;
    tx.delete(storeKey);
    if (next.versionId === "null") tx.delete(nullVersionKey(ctx, bucket, key));
    tx.putRecord(objectKey(ctx, bucket, key), objectCodec, next);
  }
}

function putOlder(tx: Transaction, ctx: Context, bucket: BucketRecord, version: Version): void {
  const { key, number, versionId } = version;
  tx.putRecord(versionKey(ctx, bucket, key, number), versionCodec, version);
  if (versionId === "null") tx.putRecord(nullVersionKey(ctx, bucket, key), numberCodec, number);
}

function forgetOlder(tx: Transaction, ctx: Context, bucket: BucketRecord, version: Version): void {
  const { key, number, versionId } = version;
  if (!version.isDeleteMarker) releaseLayout(tx, ctx, bucket, version);
  tx.delete(versionKey(ctx, bucket, key, number));
  if (versionId === "null") tx.delete(nullVersionKey(ctx, bucket, key));
}

/** Changes what is said of a version and not its bytes, in its place: its tags. */
export function rewriteVersion(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: ObjectVersion,
): void {
  const { key, number } = version;
  if (currentObject(tx, ctx, bucket, key)?.number === number) {
    tx.putRecord(objectKey(ctx, bucket, key), objectCodec, version);
  } else {
    tx.putRecord(versionKey(ctx, bucket, key, number), versionCodec, version);
  }
}
