import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import type { BucketRecord } from "../bucket-record.ts";
import { s3Error } from "../errors.ts";
import { openBucket } from "../open-bucket.ts";
import { ownerOf } from "../owners.ts";
import { askedAcl, type AskedAcl, type Grants, grantsOf, isPublicAcl, wireGrants } from "./acl.ts";
import { bucketAcl, grantsOfBucket, obeysLists } from "./ownership-controls.ts";
import { effectiveBlock } from "./public-access-block.ts";
import { publicRefusal } from "./refusals.ts";

export const bucketAcls = {
  async GetBucketAcl(ctx, input) {
    const { bucket, grants } = await ctx.read((snapshot) => {
      const opened = openBucket(snapshot, ctx, input);
      return { bucket: opened, grants: grantsOfBucket(snapshot, ctx, opened) };
    });
    return { Owner: ownerOf(bucket.account), Grants: wireGrants(grants) };
  },

  async PutBucketAcl(ctx, input) {
    const asked = askedAcl(input);
    if (asked === undefined) throw s3Error("MissingSecurityHeader");
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      const grants = checkedBucketAcl(tx, ctx, bucket, asked);
      if (grants !== undefined) bucketAcl.put(tx, ctx, bucket, grants);
    });
  },
} satisfies Handlers<S3>;

/** The list that a bucket gets. Undefined where lists say nothing, and this one says no more than that. */
function checkedBucketAcl(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  asked: AskedAcl,
): Grants | undefined {
  const { account } = bucket;
  if ("ownerId" in asked && asked.ownerId !== ownerOf(account).ID) {
    throw s3Error("AccessDenied");
  }
  const grants = grantsOf(asked, { owner: account, bucketOwner: account });
  if (!obeysLists(bucket)) {
    const isPrivate = "canned" in asked && asked.canned === "private";
    if (isPrivate) return undefined;
    throw s3Error("AccessControlListNotSupported");
  }
  if (isPublicAcl(grants) && effectiveBlock(snapshot, ctx, bucket).BlockPublicAcls) {
    throw publicRefusal(ctx, "PutBucketAcl", bucket.name, "BlockPublicAcls");
  }
  return grants;
}
