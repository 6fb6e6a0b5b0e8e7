import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { BucketSetting } from "./bucket-settings.ts";
import { s3Error } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { bucketTagRules, checkTags, tagSet } from "./tags.ts";
import type { Tags } from "./version-record.ts";

export const bucketTags = new BucketSetting<Tags>("tagging");

export const bucketTagging = {
  async GetBucketTagging(ctx, input) {
    const tags = await ctx.read((snapshot) =>
      bucketTags.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (tags === undefined)
      throw s3Error("NoSuchTagSet", { members: { BucketName: input.Bucket } });
    return { TagSet: tagSet(tags) };
  },

  async PutBucketTagging(ctx, input) {
    const tags = checkTags(input.Tagging.TagSet, bucketTagRules);
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      // Recorded: an empty set is none.
      if (Object.keys(tags).length === 0) bucketTags.delete(tx, ctx, bucket);
      else bucketTags.put(tx, ctx, bucket, tags);
    });
  },

  async DeleteBucketTagging(ctx, input) {
    await ctx.transact((tx) => bucketTags.delete(tx, ctx, openBucket(tx, ctx, input)));
  },
} satisfies Handlers<S3>;
