import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { notBuilt } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";

/** No bucket's requests are logged into another one yet: that can be asked, and confirmed. */
export const bucketLogging = {
  async GetBucketLogging(ctx, input) {
    await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return {};
  },

  async PutBucketLogging(ctx, input) {
    await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    if (input.BucketLoggingStatus.LoggingEnabled !== undefined)
      throw notBuilt("Server access logging");
  },
} satisfies Handlers<S3>;
