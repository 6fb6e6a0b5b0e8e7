import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3Control } from "#models/s3control.ts";
import { arnOfBucket } from "../bucket-record.ts";
import { bucketTags } from "../bucket-tagging.ts";
import { notBuilt } from "../errors.ts";
import { openBucket } from "../open-bucket.ts";
import { bucketTagRules, checkTags, tagSet } from "../tags.ts";
import { checkAccount } from "./account-block.ts";

/** A second API to buckets' tags: it adds and takes away, where the first replaces them all. */
export const resourceTags = {
  async ListTagsForResource(ctx, input) {
    const Bucket = bucketOf(ctx, input);
    const tags = await ctx.read((snapshot) =>
      bucketTags.read(snapshot, ctx, openBucket(snapshot, ctx, { Bucket })),
    );
    return { Tags: tagSet(tags) };
  },

  async TagResource(ctx, input) {
    const Bucket = bucketOf(ctx, input);
    const added = checkTags(input.Tags, bucketTagRules);
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, { Bucket });
      const tags = { ...bucketTags.read(tx, ctx, bucket), ...added };
      bucketTags.put(tx, ctx, bucket, checkTags(tagSet(tags), bucketTagRules));
    });
    return {};
  },

  async UntagResource(ctx, input) {
    const Bucket = bucketOf(ctx, input);
    const removed = new Set(input.TagKeys);
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, { Bucket });
      const before = Object.entries(bucketTags.read(tx, ctx, bucket) ?? {});
      const left = before.filter(([key]) => !removed.has(key));
      if (left.length === 0) bucketTags.delete(tx, ctx, bucket);
      else bucketTags.put(tx, ctx, bucket, Object.fromEntries(left));
    });
    return {};
  },
} satisfies Handlers<S3Control>;

function bucketOf(
  ctx: Context,
  { AccountId, ResourceArn }: { readonly AccountId: string; readonly ResourceArn: string },
): string {
  checkAccount(ctx, AccountId);
  const name = ResourceArn.slice(arnOfBucket("").length);
  if (ResourceArn !== arnOfBucket(name)) throw notBuilt("Tagging of other resources than buckets");
  return name;
}
