import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { bucketCodec } from "./bucket-record.ts";
import { s3Error } from "./errors.ts";
import { bucketKey } from "./keyspace.ts";
import { openBucket } from "./open-bucket.ts";

/** Whether a bucket may be asked under `photos.s3-accelerate.amazonaws.com`: here no name is faster than another. */
export const bucketAcceleration = {
  async GetBucketAccelerateConfiguration(ctx, input) {
    const { acceleration } = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return acceleration === undefined ? {} : { Status: acceleration };
  },

  /** Errors as recorded. */
  async PutBucketAccelerateConfiguration(ctx, input) {
    const { Status: acceleration } = input.AccelerateConfiguration;
    if (acceleration !== "Enabled" && acceleration !== "Suspended") throw s3Error("MalformedXML");
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      if (bucket.name.includes(".")) {
        const message =
          "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        throw s3Error("InvalidRequest", { message });
      }
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, acceleration });
    });
  },
} satisfies Handlers<S3>;
