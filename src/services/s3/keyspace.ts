import type { Key } from "#base/key.ts";
import { integer, text } from "#base/tuple.ts";
import { nowhere, type Context } from "#kernel/context.ts";
import type { BucketRecord } from "./bucket-record.ts";

/*
 * Every key that S3 stores. Buckets' names are unique over all accounts and regions, so a bucket's record stands in
 * no account; all else begins with (s3, account, region) of the bucket, whoever asks:
 *
 *   bucket       name                         → BucketRecord                            (in no account)
 *   own          bucket name                  → nothing: an account's buckets           (in no region)
 *   block        (account)                    → what the account keeps from the public    (in no region)
 *   object       bucket id, key               → the current version, unless it is a delete marker
 *   version      bucket id, key, age          → other versions and delete markers, the newest first
 *   null         bucket id, key               → the number of the "null" version, where it stands under `version`
 *   layout       bucket id, layout id         → the pieces and parts of an object that has many
 *   upload       bucket id, key, number       → a multipart upload that is not completed
 *   part         bucket id, upload id, number → one of its parts
 *   setting      bucket id, kind              → what was set for the bucket: "tagging" ...
 *
 * Keys of objects are ordered by their UTF-8 bytes, as S3 lists them. An age is 2^53 - 1 less the version's number, and
 * of two versions of a key the newer one has the higher number.
 */

type AnyContext = Context;
/** Objects are found by their bucket's id, in its account and region. */
export type Place = Pick<BucketRecord, "id" | "account" | "region">;

export const bucketKey = (ctx: AnyContext, name: string): Key => ctx.keyIn(nowhere, "bucket", name);

const anyRegion = (account: string) => ({ account, region: "" });
export const ownBucketsPrefix = (ctx: AnyContext, account: string): Key =>
  ctx.keyIn(anyRegion(account), "own");
export const ownBucketKey = (ctx: AnyContext, account: string, name: string): Key =>
  ctx.keyIn(anyRegion(account), "own", name);

/** What all buckets of an account keep from the public. */
export const accountBlockKey = (ctx: AnyContext, account: string): Key =>
  ctx.keyIn(anyRegion(account), "block");

/** Where a bucket's current objects stand; behind it their keys as texts. */
export const objectsPrefix = (ctx: AnyContext, bucket: Place): Key =>
  ctx.keyIn(bucket, "object", bucket.id);
export const objectKey = (ctx: AnyContext, bucket: Place, key: string): Key =>
  objectsPrefix(ctx, bucket) + text(key);

/** The same for all other versions; behind the key, the age. */
export const versionsPrefix = (ctx: AnyContext, bucket: Place): Key =>
  ctx.keyIn(bucket, "version", bucket.id);
/** All versions of one key but its current object. */
export const versionsOfKeyPrefix = (ctx: AnyContext, bucket: Place, key: string): Key =>
  versionsPrefix(ctx, bucket) + text(key);
export const versionKey = (ctx: AnyContext, bucket: Place, key: string, number: number): Key =>
  versionsOfKeyPrefix(ctx, bucket, key) + integer(Number.MAX_SAFE_INTEGER - number);

export const nullVersionKey = (ctx: AnyContext, bucket: Place, key: string): Key =>
  ctx.keyIn(bucket, "null", bucket.id, key);

export const layoutKey = (ctx: AnyContext, bucket: Place, layoutId: string): Key =>
  ctx.keyIn(bucket, "layout", bucket.id, layoutId);

/** A bucket's uploads by key and then by time. */
export const uploadsPrefix = (ctx: AnyContext, bucket: Place): Key =>
  ctx.keyIn(bucket, "upload", bucket.id);
export const uploadKey = (ctx: AnyContext, bucket: Place, key: string, number: number): Key =>
  uploadsPrefix(ctx, bucket) + text(key) + integer(number);

export const partsPrefix = (ctx: AnyContext, bucket: Place, uploadId: string): Key =>
  ctx.keyIn(bucket, "part", bucket.id, uploadId);
export const partKey = (
  ctx: AnyContext,
  bucket: Place,
  uploadId: string,
  partNumber: number,
): Key => partsPrefix(ctx, bucket, uploadId) + integer(partNumber);

export const settingsPrefix = (ctx: AnyContext, bucket: Place): Key =>
  ctx.keyIn(bucket, "setting", bucket.id);
export const settingKey = (ctx: AnyContext, bucket: Place, kind: string): Key =>
  ctx.keyIn(bucket, "setting", bucket.id, kind);
