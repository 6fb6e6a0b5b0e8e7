import type { Context, JobContext } from "#kernel/context.ts";
import type { ReplicationRule } from "#models/s3.ts";
import type { Transaction } from "#store/store.ts";
import type { BucketRecord } from "../bucket-record.ts";
import { layoutOf, placeOf, putLayout } from "../layouts.ts";
import type { Place } from "../keyspace.ts";
import { findBucket, findBucketById } from "../open-bucket.ts";
import type { Version } from "../version-record.ts";
import { findVersion, putReplica, rewriteVersion, type NewVersion } from "../versions.ts";
import { nameOf, replicationSetting } from "./replication-configuration.ts";
import { rulesFor } from "./replication-rules.ts";

interface ReplicationJob {
  readonly place: Place & { readonly name: string };
  readonly key: string;
  readonly versionId: string;
}

/** What a new version's record says of its replicas: nothing, where no rule concerns it. */
export function replicationOf(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: NewVersion,
): { readonly replication?: "PENDING" } {
  // What a bucket's lifecycle does is its own affair.
  if (bucket.isReplicated !== true || ctx.operation === "applyLifecycle") return {};
  const { Rules = [] } = replicationSetting.read(tx, ctx, bucket) ?? {};
  return rulesFor(Rules, version).length === 0 ? {} : { replication: "PENDING" };
}

/** Committed with the version: whatever happens, it will be replicated. */
export function replicateLater(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  { key, versionId }: Version,
): void {
  const payload: ReplicationJob = {
    place: { ...placeOf(bucket), name: bucket.name },
    key,
    versionId,
  };
  ctx.inRegion(bucket.region).schedule(tx, {
    at: ctx.now(),
    job: "replicateVersion",
    key: `${bucket.id} ${versionId} ${key}`,
    payload,
  });
}

/**
 * Puts a version, its id and its age into the buckets that its bucket's rules name. Replicas share its bytes. A cut
 * between the regions is waited for: the job fails, and runs again later.
 */
export async function replicateVersion(ctx: JobContext, job: ReplicationJob): Promise<void> {
  const layoutIds = new Map<string, string>();
  const layoutIdFor = (name: string): string => {
    const known = layoutIds.get(name) ?? ctx.random.bytes(16).toString("hex");
    layoutIds.set(name, known);
    return known;
  };
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const bucket = findBucketById(tx, ctx, job.place);
    const version = bucket && findVersion(tx, ctx, bucket, job.key, job.versionId);
    if (bucket === undefined || version === undefined) return;
    const { Rules = [] } = replicationSetting.read(tx, ctx, bucket) ?? {};
    let isComplete = true;
    for (const rule of rulesFor(Rules, version)) {
      const name = nameOf(rule.Destination.Bucket);
      isComplete = replicateInto(tx, ctx, bucket, version, rule, layoutIdFor(name)) && isComplete;
    }
    if (version.isDeleteMarker) return;
    const replication = isComplete ? "COMPLETED" : "FAILED";
    rewriteVersion(tx, ctx, bucket, { ...version, replication });
  });
}

/** Whether the version is there now. */
function replicateInto(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  version: Version,
  { Destination }: ReplicationRule,
  layoutId: string,
): boolean {
  const target = findBucket(tx, ctx, nameOf(Destination.Bucket));
  if (target?.versioning !== "Enabled" || target.account !== bucket.account) return false;
  if (ctx.links.isCut(bucket.region, target.region)) {
    throw new Error(`nothing passes from ${bucket.region} to ${target.region}`);
  }
  const { key, versionId } = version;
  if (findVersion(tx, ctx, target, key, versionId) !== undefined) return true;
  if (version.isDeleteMarker) {
    putReplica(tx, ctx, target, version);
    return true;
  }
  const layout = layoutOf(tx, ctx, bucket, version);
  for (const { blob } of layout.pieces) ctx.blobs.retain(tx, blob);
  const { pieces: _, layoutId: __, ...said } = version;
  putReplica(tx, ctx, target, {
    ...said,
    ...putLayout(tx, ctx, target, layoutId, layout),
    storageClass: Destination.StorageClass ?? version.storageClass,
    replication: "REPLICA",
  });
  return true;
}
