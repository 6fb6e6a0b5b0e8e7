import { endOfPrefix, keyAfter } from "#base/key.ts";
import { decodeTuple, text, textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Bucket, CreateBucketRequest, S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { askedAcl, grantsOf, isPublicAcl } from "./access-control/acl.ts";
import { bucketAcl, isOwnership, obeysLists } from "./access-control/ownership-controls.ts";
import { bucketTags } from "./bucket-tagging.ts";
import { isBucketName } from "./bucket-names.ts";
import { arnOfBucket, bucketCodec, type BucketRecord } from "./bucket-record.ts";
import { invalidArgument, notBuilt, s3Error } from "./errors.ts";
import {
  bucketKey,
  objectsPrefix,
  ownBucketKey,
  ownBucketsPrefix,
  versionsPrefix,
} from "./keyspace.ts";
import { findBucket, openBucket } from "./open-bucket.ts";
import { sweepBucketLater } from "./sweep-bucket.ts";
import { ownerOf } from "./owners.ts";
import { bucketTagRules, checkTags } from "./tags.ts";

/** What one account may have. Source: https://docs.aws.amazon.com/general/latest/gr/s3.html */
const bucketsAtMost = 10_000;
const nothing = Buffer.alloc(0);

export const buckets = {
  async CreateBucket(ctx, input) {
    const name = input.Bucket;
    if (!isBucketName(name)) throw s3Error("InvalidBucketName", { members: { BucketName: name } });
    refuseUnbuilt(input);
    const { ownership, grants } = ownershipAsked(ctx, input);
    const tags = checkTags(input.CreateBucketConfiguration?.Tags ?? [], bucketTagRules);
    const bucket: BucketRecord = {
      name,
      id: ctx.random.bytes(8).toString("hex"),
      account: ctx.account,
      createdMs: ctx.now(),
      ...placeOf(ctx, input),
      // Only versions can be locked.
      ...(input.ObjectLockEnabledForBucket === true && { versioning: "Enabled", objectLock: true }),
      ...(ownership !== undefined && { ownership }),
    };
    await ctx.transact((tx) => {
      const before = findBucket(tx, ctx, name);
      if (before !== undefined) return checkRepeated(ctx, before, bucket);
      const own = ownBucketsPrefix(ctx, ctx.account);
      if (countUpTo(tx, own, bucketsAtMost) === bucketsAtMost) throw s3Error("TooManyBuckets");
      tx.putRecord(bucketKey(ctx, name), bucketCodec, bucket);
      tx.put(ownBucketKey(ctx, ctx.account, name), nothing);
      if (grants !== undefined) bucketAcl.put(tx, ctx, bucket, grants);
      if (Object.keys(tags).length > 0) bucketTags.put(tx, ctx, bucket, tags);
    });
    return { Location: `/${name}`, BucketArn: arnOfBucket(name) };
  },

  async HeadBucket(ctx, input) {
    const bucket = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return {
      BucketArn: arnOfBucket(bucket.name),
      BucketRegion: bucket.region,
      AccessPointAlias: false,
    };
  },

  async DeleteBucket(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      for (const prefix of [objectsPrefix(ctx, bucket), versionsPrefix(ctx, bucket)]) {
        if (countUpTo(tx, prefix, 1) === 0) continue;
        const message =
          bucket.versioning &&
          "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
        throw s3Error("BucketNotEmpty", {
          ...(message && { message }),
          members: { BucketName: bucket.name },
        });
      }
      tx.delete(bucketKey(ctx, bucket.name));
      tx.delete(ownBucketKey(ctx, bucket.account, bucket.name));
      sweepBucketLater(tx, ctx, bucket);
    });
  },

  async GetBucketLocation(ctx, input) {
    const bucket = await ctx.read((snapshot) => {
      // The one question that any region answers.
      const found = findBucket(snapshot, ctx, input.Bucket);
      return openBucket(snapshot, found === undefined ? ctx : ctx.inRegion(found.region), input);
    });
    const { locationConstraint } = bucket;
    return locationConstraint === undefined ? {} : { LocationConstraint: locationConstraint };
  },

  async ListBuckets(ctx, input) {
    const { Prefix = "", MaxBuckets, ContinuationToken, BucketRegion } = input;
    if (MaxBuckets !== undefined && !(MaxBuckets >= 1 && MaxBuckets <= 10_000)) {
      throw invalidArgument(
        "Argument max-buckets must be an integer between 1 and 10000",
        "max-buckets",
        String(MaxBuckets),
      );
    }
    const limit = MaxBuckets ?? bucketsAtMost;
    const prefix = ownBucketsPrefix(ctx, ctx.account);
    const found = await ctx.read((snapshot) => {
      const after = ContinuationToken && Buffer.from(ContinuationToken, "base64url").toString();
      const first = prefix + textPrefix(Prefix);
      const start = after ? keyAfter(prefix + text(after)) : first;
      const page: BucketRecord[] = [];
      for (const { key } of snapshot.range({
        start: start > first ? start : first,
        end: endOfPrefix(first),
      })) {
        const [name] = decodeTuple(key.slice(prefix.length)) as [string];
        const bucket = findBucket(snapshot, ctx, name);
        if (bucket === undefined || (BucketRegion && bucket.region !== BucketRegion)) continue;
        page.push(bucket);
        if (page.length > limit) break;
      }
      return page;
    });
    const isTruncated = found.length > limit;
    const page = found.slice(0, limit);
    const last = page.at(-1)?.name;
    return {
      Buckets: page.map(describe),
      Owner: ownerOf(ctx.account),
      ...(isTruncated && last && { ContinuationToken: Buffer.from(last).toString("base64url") }),
      ...(input.Prefix !== undefined && { Prefix }),
    };
  },
} satisfies Handlers<S3>;

function describe({ name, createdMs, region }: BucketRecord): Bucket {
  return {
    Name: name,
    CreationDate: createdMs,
    BucketRegion: region,
    BucketArn: arnOfBucket(name),
  };
}

/** The region that the request asks for must be the one that it was sent to. Words as recorded. */
function placeOf(
  ctx: Context,
  { CreateBucketConfiguration }: CreateBucketRequest,
): Pick<BucketRecord, "region" | "locationConstraint"> {
  const wanted = CreateBucketConfiguration?.LocationConstraint;
  const { region } = ctx;
  if (region === "us-east-1") {
    if (wanted === undefined) return { region };
    if (wanted === "us-east-1" || !/^([a-z]{2}(-[a-z]+)+-\d|EU)$/.test(wanted)) {
      throw s3Error("InvalidLocationConstraint", { members: { LocationConstraint: wanted } });
    }
    // The endpoint of us-east-1 makes buckets anywhere.
    return { region: wanted === "EU" ? "eu-west-1" : wanted, locationConstraint: wanted };
  }
  if (wanted === undefined) throw s3Error("IllegalLocationConstraintException");
  if (wanted === region || (wanted === "EU" && region === "eu-west-1")) {
    return { region, locationConstraint: wanted };
  }
  const message = `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`;
  throw s3Error("IllegalLocationConstraintException", { message });
}

/** In us-east-1 alone a bucket may be created again by its owner. */
function checkRepeated(ctx: Context, before: BucketRecord, wanted: BucketRecord): void {
  const members = { BucketName: before.name };
  if (before.account !== ctx.account) throw s3Error("BucketAlreadyExists", { members });
  const isRepeated = before.region === "us-east-1" && wanted.region === "us-east-1";
  if (!isRepeated) throw s3Error("BucketAlreadyOwnedByYou", { members });
}

function refuseUnbuilt({ CreateBucketConfiguration }: CreateBucketRequest): void {
  const { Location, Bucket: directory } = CreateBucketConfiguration ?? {};
  if (Location ?? directory) throw notBuilt("A directory bucket");
}

/** Who owns what is written, and whom the list lets in that the request asks for. */
function ownershipAsked(ctx: Context, input: CreateBucketRequest) {
  const ownership = input.ObjectOwnership;
  if (ownership !== undefined && !isOwnership(ownership)) {
    const message = `Invalid x-amz-object-ownership header: ${String(ownership)}`;
    throw invalidArgument(message, "x-amz-object-ownership", undefined);
  }
  const asked = askedAcl(input);
  const owners = { owner: ctx.account, bucketOwner: ctx.account };
  const grants = asked && grantsOf(asked, owners);
  const isPrivate = asked !== undefined && "canned" in asked && asked.canned === "private";
  if (grants === undefined || isPrivate) return { ownership };
  if (!obeysLists({ ownership })) throw s3Error("InvalidBucketAclWithObjectOwnership");
  if (isPublicAcl(grants)) throw s3Error("InvalidBucketAclWithBlockPublicAccessError");
  return { ownership, grants };
}

/** How many keys have the prefix, counted no further than `limit`. */
function countUpTo(snapshot: Snapshot, prefix: string, limit: number): number {
  let count = 0;
  for (const _ of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit })) count += 1;
  return count;
}
