import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { LifecycleRule } from "#models/s3.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { lifecycleRules } from "./bucket-lifecycle.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { uploadKey, uploadsPrefix, versionsOfKeyPrefix, type Place } from "./keyspace.ts";
import {
  classBy,
  firstExpiry,
  isAbandoned,
  isOutdated,
  nextMidnight,
  removesMarkers,
} from "./lifecycle-rules.ts";
import { allVersions, type Start } from "./list-versions.ts";
import { findBucketById } from "./open-bucket.ts";
import { isLocked } from "./object-lock-rules.ts";
import { sweepLater } from "./sweep-upload.ts";
import { uploadCodec } from "./upload-record.ts";
import type { Version } from "./version-record.ts";
import {
  currentObject,
  findVersion,
  putVersion,
  removeVersion,
  rewriteVersion,
} from "./versions.ts";

/** A bucket, as its jobs know it. */
export interface NamedPlace extends Place {
  readonly name: string;
}

/** Versions that one look takes in, and changes that one transaction makes. */
const versionsAtOnce = 500;
const changesAtOnce = 50;

/**
 * What a bucket's lifecycle rules ask for by now: once a day, from midnight on. What is found is decided again in the
 * transaction that does it, so an object that was written meanwhile stays.
 */
export async function applyLifecycle(ctx: JobContext, place: NamedPlace): Promise<void> {
  const found = await ctx.read((snapshot) => openPlace(snapshot, ctx, place));
  if (found === undefined) return;
  await expireVersions(ctx, found.bucket, found.rules);
  await abortUploads(ctx, found.bucket, found.rules);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    if (openPlace(tx, ctx, place) === undefined) return;
    const at = nextMidnight(ctx.now());
    ctx.schedule(tx, { at, job: "applyLifecycle", key: place.id, payload: place });
  });
}

function openPlace(snapshot: Snapshot, ctx: Context, place: NamedPlace) {
  const bucket = findBucketById(snapshot, ctx, place);
  const rules = bucket === undefined ? [] : lifecycleRules(snapshot, ctx, bucket);
  return bucket === undefined || rules.length === 0 ? undefined : { bucket, rules };
}

type Action =
  | { readonly kind: "expire" | "remove"; readonly key: string; readonly versionId: string }
  | {
      readonly kind: "move";
      readonly key: string;
      readonly versionId: string;
      readonly storageClass: string;
    };

/** What was seen of a key before this version: when it was replaced, and how many stood in between. */
interface Before {
  readonly key: string;
  readonly modifiedMs: number;
  readonly noncurrent: number;
}

async function expireVersions(
  ctx: JobContext,
  bucket: BucketRecord,
  rules: readonly LifecycleRule[],
): Promise<void> {
  let start: Start | undefined = { objects: "", versions: "" };
  let before: Before | undefined;
  while (start !== undefined) {
    const from: Start = start;
    const last = before;
    const page = await ctx.read((snapshot) => lookAt(snapshot, ctx, bucket, rules, from, last));
    for (let at = 0; at < page.actions.length; at += changesAtOnce) {
      await act(ctx, bucket, rules, page.actions.slice(at, at + changesAtOnce));
    }
    ({ start, before } = page);
  }
}

function lookAt(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  rules: readonly LifecycleRule[],
  from: Start,
  last: Before | undefined,
) {
  const nowMs = ctx.now();
  const actions: Action[] = [];
  let before = last;
  let count = 0;
  for (const { version, behind } of allVersions(snapshot, ctx, bucket, from)) {
    const isNewest = before?.key !== version.key;
    const { key, versionId, modifiedMs } = version;
    const action = isNewest
      ? actionForNewest(snapshot, ctx, bucket, rules, version, nowMs)
      : actionForOlder(rules, version, before!, nowMs);
    if (action !== undefined) actions.push({ ...action, key, versionId });
    before = { key, modifiedMs, noncurrent: isNewest ? 0 : before!.noncurrent + 1 };
    count += 1;
    if (count === versionsAtOnce) return { actions, before, start: behind };
  }
  return { actions, before, start: undefined };
}

type Decision =
  | { readonly kind: "expire" | "remove" }
  | { readonly kind: "move"; readonly storageClass: string };

function actionForNewest(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  rules: readonly LifecycleRule[],
  version: Version,
  nowMs: number,
): Decision | undefined {
  if (version.isDeleteMarker) {
    const isAlone = countUpToTwo(snapshot, versionsOfKeyPrefix(ctx, bucket, version.key)) === 1;
    return isAlone && removesMarkers(rules, version.key) ? { kind: "remove" } : undefined;
  }
  const expiry = firstExpiry(rules, version);
  if (expiry !== undefined && expiry.atMs <= nowMs) return { kind: "expire" };
  const storageClass = classBy(rules, version, nowMs);
  if (storageClass === undefined || storageClass === version.storageClass) return undefined;
  return { kind: "move", storageClass };
}

function actionForOlder(
  rules: readonly LifecycleRule[],
  version: Version,
  before: Before,
  nowMs: number,
): Decision | undefined {
  const sizeBytes = version.isDeleteMarker ? 0 : version.sizeBytes;
  const filtered = { ...version, sizeBytes };
  const isDue = isOutdated(rules, filtered, before.modifiedMs, before.noncurrent, nowMs);
  return isDue && !isLocked(version, nowMs) ? { kind: "remove" } : undefined;
}

async function act(
  ctx: JobContext,
  bucket: BucketRecord,
  rules: readonly LifecycleRule[],
  actions: readonly Action[],
): Promise<void> {
  const randoms = actions.map(() => ctx.random.bytes(16));
  const nowMs = ctx.now();
  await ctx.transact((tx) => {
    const now = openPlace(tx, ctx, bucket);
    if (now === undefined) return;
    for (const [at, action] of actions.entries()) {
      const { key, versionId } = action;
      const version = findVersion(tx, ctx, now.bucket, key, versionId);
      if (version === undefined) continue;
      if (action.kind === "remove") removeVersion(tx, ctx, now.bucket, version);
      else
        actOnCurrent(tx, ctx, now.bucket, version, action, { random: randoms[at]!, nowMs, rules });
    }
  });
}

function actOnCurrent(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: Version,
  action: Action,
  { random, nowMs, rules }: { random: Buffer; nowMs: number; rules: readonly LifecycleRule[] },
): void {
  const current = currentObject(tx, ctx, bucket, version.key);
  if (current === undefined || current.number !== version.number) return;
  if (action.kind === "move") {
    rewriteVersion(tx, ctx, bucket, { ...current, storageClass: action.storageClass });
    return;
  }
  // Its tags may have changed since it was looked at.
  const expiry = firstExpiry(rules, current);
  if (expiry === undefined || expiry.atMs > nowMs) return;
  if (bucket.versioning === undefined) removeVersion(tx, ctx, bucket, current);
  else {
    const { key } = current;
    putVersion(tx, ctx, bucket, random, { key, modifiedMs: nowMs, isDeleteMarker: true });
  }
}

async function abortUploads(
  ctx: JobContext,
  bucket: BucketRecord,
  rules: readonly LifecycleRule[],
): Promise<void> {
  const prefix = uploadsPrefix(ctx, bucket);
  let start: Key | undefined = prefix;
  while (start !== undefined) {
    const from: Key = start;
    const nowMs = ctx.now();
    start = await ctx.transact((tx) => {
      let count = 0;
      for (const { key, value } of tx.range({ start: from, end: endOfPrefix(prefix) })) {
        const upload = uploadCodec.decode(value);
        if (isAbandoned(rules, upload, nowMs)) {
          tx.delete(uploadKey(ctx, bucket, upload.key, upload.number));
          sweepLater(tx, ctx, bucket, upload.uploadId, []);
        }
        count += 1;
        if (count === changesAtOnce) return keyAfter(key);
      }
      return undefined;
    });
  }
}

function countUpToTwo(snapshot: Snapshot, prefix: Key): number {
  let count = 0;
  for (const _ of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit: 2 })) count += 1;
  return count;
}
