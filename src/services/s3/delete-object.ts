import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DeleteObjectOutput, S3 } from "#models/s3.ts";
import type { Transaction } from "#store/store.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { checkWriteConditions } from "./conditions.ts";
import { s3Error } from "./errors.ts";
import { checkVersionId } from "./get-object.ts";
import { checkUnlocked } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { currentObject, findVersion, putVersion, removeVersion } from "./versions.ts";

export const deleteObject = {
  async DeleteObject(ctx, input) {
    const { Key: key, VersionId: versionId, IfMatch } = input;
    refuseDirectoryConditions(input);
    checkVersionId(versionId);
    const random = ctx.random.bytes(16);
    const modifiedMs = ctx.now();
    return ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      if (IfMatch !== undefined && IfMatch !== "*") {
        checkWriteConditions(currentObject(tx, ctx, bucket, key), key, { IfMatch });
      }
      const bypass = input.BypassGovernanceRetention === true;
      return deleteOne(tx, ctx, bucket, { key, versionId, random, modifiedMs, bypass });
    });
  },
} satisfies Handlers<S3>;

export interface Deletion {
  readonly key: string;
  readonly versionId: string | undefined;
  /** Sixteen bytes for a delete marker's id. */
  readonly random: Buffer;
  readonly modifiedMs: number;
  /** Whether who asks would pass by a lock that governs, which may then be passed by. */
  readonly bypass: boolean;
}

/** Takes a version away or, in a bucket with versioning, puts a delete marker on top. What is not there is no failure. */
export function deleteOne(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  { key, versionId, random, modifiedMs, bypass }: Deletion,
): DeleteObjectOutput {
  if (versionId !== undefined) {
    const found = findVersion(tx, ctx, bucket, key, versionId);
    if (found === undefined) return { VersionId: versionId };
    checkUnlocked(found, modifiedMs, bypass);
    removeVersion(tx, ctx, bucket, found);
    return { ...(found.isDeleteMarker && { DeleteMarker: true }), VersionId: versionId };
  }
  if (bucket.versioning === undefined) {
    const current = currentObject(tx, ctx, bucket, key);
    if (current !== undefined) removeVersion(tx, ctx, bucket, current);
    return {};
  }
  const marker = putVersion(tx, ctx, bucket, random, { key, modifiedMs, isDeleteMarker: true });
  return { DeleteMarker: true, VersionId: marker.versionId };
}

/** Only directory buckets know these. As recorded. */
function refuseDirectoryConditions(input: S3["DeleteObject"]["input"]): void {
  const header =
    input.IfMatchLastModifiedTime !== undefined
      ? "x-amz-if-match-last-modified-time"
      : input.IfMatchSize !== undefined
        ? "x-amz-if-match-size"
        : undefined;
  if (header !== undefined) throw s3Error("NotImplemented", { members: { Header: header } });
}
