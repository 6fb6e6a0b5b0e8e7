import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { bucketCodec, type BucketRecord } from "../bucket-record.ts";
import { s3Error } from "../errors.ts";
import { bucketKey } from "../keyspace.ts";
import { openBucket } from "../open-bucket.ts";
import type { ObjectVersion } from "../version-record.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { privateGrants, type Grants } from "./acl.ts";
import { BucketSetting } from "../bucket-settings.ts";

const ownerships: ReadonlySet<string> = new Set([
  "BucketOwnerEnforced",
  "BucketOwnerPreferred",
  "ObjectWriter",
]);

/** Who owns what others upload. With "BucketOwnerEnforced", which new buckets have, nobody looks at lists. */
export type Ownership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

export function isOwnership(text: string | undefined): text is Ownership {
  return text !== undefined && ownerships.has(text);
}

/** A bucket's own list, where it was given one. */
export const bucketAcl = new BucketSetting<Grants>("acl");

export function grantsOfBucket(snapshot: Snapshot, ctx: Context, bucket: BucketRecord): Grants {
  return bucketAcl.read(snapshot, ctx, bucket) ?? privateGrants(bucket.account);
}

/** Whether access control lists say anything in this bucket. */
export function obeysLists({ ownership }: Pick<BucketRecord, "ownership">): boolean {
  return ownership !== undefined && ownership !== "BucketOwnerEnforced";
}

/** The account that owns an object. */
export function objectOwner(bucket: BucketRecord, object: Pick<ObjectVersion, "owner">): string {
  return obeysLists(bucket) ? (object.owner ?? bucket.account) : bucket.account;
}

export const ownershipControls = {
  async GetBucketOwnershipControls(ctx, input) {
    const { ownership = "BucketOwnerEnforced" } = await ctx.read((snapshot) =>
      openBucket(snapshot, ctx, input),
    );
    if (ownership === "none") {
      const members = { BucketName: input.Bucket };
      throw s3Error("OwnershipControlsNotFoundError", { members });
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } };
  },

  async PutBucketOwnershipControls(ctx, input) {
    const [rule, ...more] = input.OwnershipControls.Rules;
    const ownership = rule?.ObjectOwnership;
    if (more.length > 0 || !isOwnership(ownership)) throw s3Error("MalformedXML");
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      const grants = grantsOfBucket(tx, ctx, bucket);
      // Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
      if (ownership === "BucketOwnerEnforced" && grantsOthers(grants, bucket)) {
        throw s3Error("InvalidBucketAclWithObjectOwnership");
      }
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, ownership });
    });
  },

  /** What is left is the oldest way: writers own what they write. */
  async DeleteBucketOwnershipControls(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, ownership: "none" });
    });
  },
} satisfies Handlers<S3>;

function grantsOthers(grants: Grants, { account }: BucketRecord): boolean {
  const [own] = privateGrants(account);
  return grants.some(({ to }) => JSON.stringify(to) !== JSON.stringify(own!.to));
}
