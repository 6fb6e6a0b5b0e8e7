import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { bucketCodec } from "./bucket-record.ts";
import { bucketKey } from "./keyspace.ts";
import { openBucket } from "./open-bucket.ts";

/** Who pays for what others ask of a bucket. */
export const requestPayment = {
  async GetBucketRequestPayment(ctx, input) {
    const { requesterPays } = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return { Payer: requesterPays === true ? "Requester" : "BucketOwner" };
  },

  async PutBucketRequestPayment(ctx, input) {
    const { Payer: payer } = input.RequestPaymentConfiguration;
    await ctx.transact((tx) => {
      const { requesterPays: _, ...bucket } = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, {
        ...bucket,
        ...(payer === "Requester" && { requesterPays: true }),
      });
    });
  },
} satisfies Handlers<S3>;
