import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { bucketCodec } from "./bucket-record.ts";
import { notBuilt, s3Error } from "./errors.ts";
import { bucketKey } from "./keyspace.ts";
import { openBucket } from "./open-bucket.ts";

export const bucketVersioning = {
  async GetBucketVersioning(ctx, input) {
    const { versioning } = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return versioning === undefined ? {} : { Status: versioning };
  },

  async PutBucketVersioning(ctx, input) {
    const { Status: versioning, MFADelete } = input.VersioningConfiguration;
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      if (versioning === undefined) throw s3Error("IllegalVersioningConfigurationException");
      if (MFADelete === "Enabled") throw notBuilt("MFA delete");
      if (bucket.objectLock === true && versioning === "Suspended") {
        const message =
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        throw s3Error("InvalidBucketState", { message });
      }
      if (bucket.isReplicated === true && versioning === "Suspended") {
        const message =
          "A replication configuration is present on this bucket, so the versioning state cannot be changed.";
        throw s3Error("InvalidBucketState", { message });
      }
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, versioning });
    });
  },
} satisfies Handlers<S3>;
