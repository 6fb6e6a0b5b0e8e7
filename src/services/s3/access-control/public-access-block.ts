import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { PublicAccessBlockConfiguration, S3 } from "#models/s3.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { bucketCodec, type BucketRecord } from "../bucket-record.ts";
import { s3Error } from "../errors.ts";
import { accountBlockKey, bucketKey } from "../keyspace.ts";
import { openBucket } from "../open-bucket.ts";

/** What is kept from the public, whatever policies and access control lists say. */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

export function blockOf(given: PublicAccessBlockConfiguration | undefined): PublicAccessBlock {
  return {
    BlockPublicAcls: given?.BlockPublicAcls === true,
    IgnorePublicAcls: given?.IgnorePublicAcls === true,
    BlockPublicPolicy: given?.BlockPublicPolicy === true,
    RestrictPublicBuckets: given?.RestrictPublicBuckets === true,
  };
}

/** What new buckets have. Recorded. */
export const everything: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const nothing = blockOf(undefined);

export const accountBlockCodec: Codec<PublicAccessBlock> = {
  encode: (block) => Buffer.from(JSON.stringify(block)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as PublicAccessBlock,
};

/** What is kept from the public by the bucket or by its account: each setting that either has. */
export function effectiveBlock(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
): PublicAccessBlock {
  const own = ownBlock(bucket) ?? nothing;
  const account = snapshot.record(accountBlockKey(ctx, bucket.account), accountBlockCodec);
  if (account === undefined) return own;
  return {
    BlockPublicAcls: own.BlockPublicAcls || account.BlockPublicAcls,
    IgnorePublicAcls: own.IgnorePublicAcls || account.IgnorePublicAcls,
    BlockPublicPolicy: own.BlockPublicPolicy || account.BlockPublicPolicy,
    RestrictPublicBuckets: own.RestrictPublicBuckets || account.RestrictPublicBuckets,
  };
}

function ownBlock({ publicAccessBlock }: BucketRecord): PublicAccessBlock | undefined {
  if (publicAccessBlock === "none") return undefined;
  return publicAccessBlock ?? everything;
}

export const publicAccessBlock = {
  async GetPublicAccessBlock(ctx, input) {
    const block = await ctx.read((snapshot) => ownBlock(openBucket(snapshot, ctx, input)));
    if (block === undefined) {
      const members = { BucketName: input.Bucket };
      throw s3Error("NoSuchPublicAccessBlockConfiguration", { members });
    }
    return { PublicAccessBlockConfiguration: block };
  },

  async PutPublicAccessBlock(ctx, input) {
    const block = blockOf(input.PublicAccessBlockConfiguration);
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, {
        ...bucket,
        publicAccessBlock: block,
      });
    });
  },

  async DeletePublicAccessBlock(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, {
        ...bucket,
        publicAccessBlock: "none",
      });
    });
  },
} satisfies Handlers<S3>;
